/** Python's strftime in the C locale, which chat templates expect of `strftime_now`. */
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August'],
  ...['September', 'October', 'November', 'December'],
];

const two = (n: number) => String(n).padStart(2, '0');
const dayOfYear = (date: Date) =>
  Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 0)) / 86_400_000,
  );
const hour12 = (date: Date) => date.getHours() % 12 || 12;

const fields: Record<string, (date: Date) => string> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2),
  B: (date) => months[date.getMonth()] ?? '',
  b: (date) => (months[date.getMonth()] ?? '').slice(0, 3),
  h: (date) => (months[date.getMonth()] ?? '').slice(0, 3),
  A: (date) => days[date.getDay()] ?? '',
  a: (date) => (days[date.getDay()] ?? '').slice(0, 3),
  j: (date) => String(dayOfYear(date)).padStart(3, '0'),
  H: (date) => two(date.getHours()),
  I: (date) => two(hour12(date)),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  F: (date) => formatTime(date, '%Y-%m-%d'),
  T: (date) => formatTime(date, '%H:%M:%S'),
  D: (date) => formatTime(date, '%m/%d/%y'),
  R: (date) => formatTime(date, '%H:%M'),
  '%': () => '%',
};

/** `%-d` has no leading zeros. Unknown codes stay as they are. */
export function formatTime(date: Date, format: string): string {
  return format.replace(/%(-?)(.)/g, (whole, bare: string, name: string) => {
    const value = fields[name]?.(date);
    return value === undefined ? whole : bare === '' ? value : value.replace(/^[0 ]+(?=.)/, '');
  });
}

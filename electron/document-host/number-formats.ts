/** Numbers as word processors write them in lists and notes: the formats of ECMA-376 (ST_NumberFormat). */

/** An unknown format is written as decimal, so that at least the number is right. */
export function formatNumber(n: number, format: string): string {
  if (n < 0) return `${n}`;
  return formats[format]?.(n) ?? `${n}`;
}

type Format = (n: number) => string | undefined; // undefined: the number cannot be written in this format, and is written as decimal

/** One letter for each number, doubled when the letters are used up: a to z, aa, bb. */
const letters =
  (alphabet: string): Format =>
  (n) => {
    const all = [...alphabet];
    if (n < 1) return '';
    const times = Math.floor((n - 1) / all.length) + 1;
    return times > 20 ? undefined : (all[(n - 1) % all.length] as string).repeat(times);
  };

/** Numbers with a character of their own; larger ones are decimal. */
const characters =
  (first: string, count: number, zero?: string): Format =>
  (n) => {
    if (n === 0) return zero;
    return n <= count ? String.fromCodePoint((first.codePointAt(0) as number) + n - 1) : undefined;
  };

const cycle =
  (signs: string): Format =>
  (n) =>
    n < 1 ? '' : [...signs][(n - 1) % [...signs].length];

const digits =
  (ten: string): Format =>
  (n) =>
    [...`${n}`].map((digit) => [...ten][Number(digit)]).join('');

/** Digits with the names of 10, 100 and 1,000 between them; `plainOne`: the digit one is left out before those names. */
const counting =
  (
    ten: string,
    places: string,
    { plainOne, most = 9999 }: { plainOne: 'never' | 'ten' | 'all'; most?: number },
  ): Format =>
  (n) => {
    const name = [...ten];
    if (n === 0) return name[0];
    if (n > most) return digits(ten)(n);
    const units = ['', ...places];
    const figures = [...`${n}`].map(Number);
    let text = '';
    let gap = false;
    for (const [i, figure] of figures.entries()) {
      const place = figures.length - 1 - i;
      if (figure === 0) {
        gap = true;
        continue;
      }
      if (gap && text !== '' && plainOne !== 'all') text += name[0];
      gap = false;
      const silent =
        figure === 1 && place > 0 && (plainOne === 'all' || (plainOne === 'ten' && place === 1 && i === 0));
      text += `${silent ? '' : name[figure]}${units[place]}`;
    }
    return text;
  };

const romanSigns = [
  ['M', 1000],
  ['CM', 900],
  ['D', 500],
  ['CD', 400],
  ['C', 100],
  ['XC', 90],
  ['L', 50],
  ['XL', 40],
  ['X', 10],
  ['IX', 9],
  ['V', 5],
  ['IV', 4],
  ['I', 1],
] as const;

function roman(n: number): string | undefined {
  if (n > 32767) return undefined;
  let rest = n;
  let text = '';
  for (const [sign, value] of romanSigns) {
    text += sign.repeat(Math.floor(rest / value));
    rest %= value;
  }
  return text;
}

function ordinal(n: number): string {
  const teen = n % 100 >= 11 && n % 100 <= 13;
  return `${n}${teen ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')}`;
}

const small =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const tens = ' ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const irregular: Record<string, string> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
};

function words(n: number): string | undefined {
  if (n > 999_999) return undefined;
  if (n < 20) return small[n];
  if (n < 100) return `${tens[Math.floor(n / 10)]}${n % 10 ? `-${small[n % 10]}` : ''}`;
  const [size, name] = n < 1000 ? [100, 'hundred'] : [1000, 'thousand'];
  return `${words(Math.floor(n / size))} ${name}${n % size ? ` ${words(n % size)}` : ''}`;
}

function ordinalWords(n: number): string | undefined {
  return words(n)?.replace(/[a-z]+$/, (last) => irregular[last] ?? `${last.replace(/y$/, 'ie')}th`);
}

const capital = (text: string | undefined): string | undefined => text && text.charAt(0).toUpperCase() + text.slice(1);

function hebrewNumerals(n: number): string | undefined {
  if (n > 999) return undefined;
  const signs: [string, number][] = [...'תשרקצפעסנמלכיטחזוהדגבא'].map((sign, i) => [
    sign,
    [400, 300, 200, 100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1][i] as number,
  ]);
  let rest = n;
  let text = '';
  for (const [sign, value] of signs) {
    text += sign.repeat(Math.floor(rest / value));
    rest %= value;
  }
  return text.replace('יה', 'טו').replace('יו', 'טז'); // 15 and 16 are not written like a name of God
}

const han = '〇一二三四五六七八九';
const formats: Record<string, Format> = {
  none: () => '',
  decimal: (n) => `${n}`,
  decimalZero: (n) => `${n}`.padStart(2, '0'),
  upperRoman: roman,
  lowerRoman: (n) => roman(n)?.toLowerCase(),
  upperLetter: letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ'),
  lowerLetter: letters('abcdefghijklmnopqrstuvwxyz'),
  russianLower: letters('абвгдежзиклмнопрстуфхцчшщыэюя'),
  russianUpper: letters('АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЫЭЮЯ'),
  ordinal,
  cardinalText: (n) => capital(words(n)),
  ordinalText: (n) => capital(ordinalWords(n)),
  hex: (n) => n.toString(16).toUpperCase(),
  numberInDash: (n) => `- ${n} -`,
  chicago: (n) => letters('*†‡§')(n),
  decimalFullWidth: digits('０１２３４５６７８９'),
  decimalFullWidth2: digits('０１２３４５６７８９'),
  decimalHalfWidth: (n) => `${n}`,
  decimalEnclosedCircle: characters('①', 20, '⓪'),
  decimalEnclosedCircleChinese: characters('①', 10),
  decimalEnclosedFullstop: characters('⒈', 20),
  decimalEnclosedParen: characters('⑴', 20),
  ideographEnclosedCircle: characters('㊀', 10),
  ideographTraditional: cycle('甲乙丙丁戊己庚辛壬癸'),
  ideographZodiac: cycle('子丑寅卯辰巳午未申酉戌亥'),
  ideographZodiacTraditional: (n) =>
    (cycle('甲乙丙丁戊己庚辛壬癸')(n) ?? '') + (cycle('子丑寅卯辰巳午未申酉戌亥')(n) ?? ''),
  ideographDigital: digits(han),
  japaneseDigitalTenThousand: digits(han),
  taiwaneseDigital: digits('○一二三四五六七八九'),
  koreanDigital2: digits('零一二三四五六七八九'),
  koreanDigital: digits('영일이삼사오육칠팔구'),
  japaneseCounting: counting(han, '十百千', { plainOne: 'all' }),
  chineseCounting: counting('○一二三四五六七八九', '十', { plainOne: 'ten', most: 99 }),
  taiwaneseCounting: counting('○一二三四五六七八九', '十', { plainOne: 'ten', most: 99 }),
  chineseCountingThousand: counting('○一二三四五六七八九', '十百千', { plainOne: 'ten' }),
  taiwaneseCountingThousand: counting('○一二三四五六七八九', '十百千', { plainOne: 'ten' }),
  chineseLegalSimplified: counting('零壹贰叁肆伍陆柒捌玖', '拾佰仟', { plainOne: 'never' }),
  ideographLegalTraditional: counting('零壹貳參肆伍陸柒捌玖', '拾佰仟', { plainOne: 'never' }),
  japaneseLegal: counting('零壱弐参四伍六七八九', '拾百阡', { plainOne: 'never' }),
  koreanCounting: counting('영일이삼사오육칠팔구', '십백천', { plainOne: 'all' }),
  koreanLegal: (n) =>
    n < 1 || n > 99
      ? undefined
      : (['', '열', '스물', '서른', '마흔', '쉰', '예순', '일흔', '여든', '아흔'][Math.floor(n / 10)] ?? '') +
        (['', '하나', '둘', '셋', '넷', '다섯', '여섯', '일곱', '여덟', '아홉'][n % 10] ?? ''),
  ganada: letters('가나다라마바사아자차카타파하'),
  chosung: letters('ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ'),
  aiueoFullWidth: letters(
    'アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン',
  ),
  aiueo: letters('ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝ'),
  irohaFullWidth: letters(
    'イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン',
  ),
  iroha: letters('ｲﾛﾊﾆﾎﾍﾄﾁﾘﾇﾙｦﾜｶﾖﾀﾚｿﾂﾈﾅﾗﾑｳヰﾉｵｸﾔﾏｹﾌｺｴﾃｱｻｷﾕﾒﾐｼヱﾋﾓｾｽﾝ'),
  hebrew1: hebrewNumerals,
  hebrew2: letters('אבגדהוזחטיכלמנסעפצקרשת'),
  arabicAlpha: letters('أبتثجحخدذرزسشصضطظعغفقكلمنهوي'),
  arabicAbjad: letters('أبجدهوزحطيكلمنسعفصقرشتثخذضظغ'),
  hindiNumbers: digits('०१२३४५६७८९'),
  hindiConsonants: letters('कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह'),
  hindiVowels: letters('अआइईउऊऋऌएऐओऔ'),
  thaiNumbers: digits('๐๑๒๓๔๕๖๗๘๙'),
  thaiLetters: letters('กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ'),
};

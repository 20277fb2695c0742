/**
 * How this window proves that it may ask: the launch code of the link's fragment is exchanged once for the session token, which
 * lives in this tab's sessionStorage (cookies would be shared with every other port of the machine).
 */
const key = 'rocketdoc.session';

export async function sessionToken(): Promise<string | undefined> {
  const code = /^#launch=([\w-]+)$/.exec(window.location.hash)?.[1];
  if (code === undefined) return window.sessionStorage.getItem(key) ?? undefined;
  // The code leaves the address bar before anything else can read it.
  window.history.replaceState(null, '', window.location.pathname);
  const response = await fetch('/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  if (!response.ok) return window.sessionStorage.getItem(key) ?? undefined;
  const { token } = (await response.json()) as { token: string };
  window.sessionStorage.setItem(key, token);
  return token;
}

/** Browsers that may use this RocketDoc; each can be signed out. Electron's window is not among them. */
import { useEffect, useState } from 'react';
import type { WindowSessions } from '../../../electron/contract/window-sessions.ts';
import { isDesktop } from '../../bridge/desktop.ts';
import { api, failureOf } from '../../stores/api.ts';
import { useEngine } from '../../stores/engine.ts';
import { notify } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import type { FieldIds } from '../../ui/field.tsx';

export function browserSettings() {
  if (isDesktop) return [];
  return [
    {
      label: 'Signed-in browsers',
      hint: 'Each came in with a link that works once. A browser that is signed out loses its connection, and needs a new link.',
      words: 'session token link revoke sign out',
      applies: 'now' as const,
      control: (ids: FieldIds) => <Sessions {...ids} />,
    },
  ];
}

function Sessions(field: FieldIds) {
  const revision = useEngine(({ telemetry }) => telemetry?.revisions.windows);
  const [known, setKnown] = useState<WindowSessions | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: again when one came or went
  useEffect(() => {
    void api()
      .windows.get()
      .then(setKnown, () => {});
  }, [revision]);
  const signOut = (id: string) =>
    void api()
      .windows.signOut({ id })
      .catch((error) => notify(failureOf(error).message, 'danger'));
  return (
    <ul {...field} aria-label="Signed-in browsers" className="flex max-w-72 flex-col gap-1">
      {known?.sessions.map(({ id, browser, since }) => {
        const name = id === known.own ? 'This one' : browserName(browser);
        const at = new Date(since).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
        return (
          <li key={id} className="flex items-center justify-end gap-2">
            <span className="min-w-0 truncate" title={browser}>
              {name}, since {at}
            </span>
            <Button aria-label={`Sign out: ${name}, since ${at}`} onClick={() => signOut(id)}>
              Sign out
            </Button>
          </li>
        );
      })}
    </ul>
  );
}

/** The name that people know a browser by, from its user agent. */
export function browserName(browser: string): string {
  const known = [
    ['Edg/', 'Edge'],
    ['OPR/', 'Opera'],
    ['Firefox/', 'Firefox'],
    ['Chrome/', 'Chrome'],
    ['Safari/', 'Safari'],
  ] as const;
  return known.find(([mark]) => browser.includes(mark))?.[1] ?? 'A browser';
}

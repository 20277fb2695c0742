/** Passwords of protected documents. They are kept until this window is closed and stored nowhere. */
import { create } from 'zustand';

export const usePasswords = create<{ passwords: ReadonlyMap<string, string> }>(() => ({ passwords: new Map() }));

export const selectPassword =
  (documentId: string) =>
  ({ passwords }: { passwords: ReadonlyMap<string, string> }) =>
    passwords.get(documentId);

export function keepPassword(documentId: string, password: string): void {
  usePasswords.setState(({ passwords }) => ({ passwords: new Map(passwords).set(documentId, password) }));
}

/** Opens the library of a folder, prints what it finds and how a change ends. With `crash` it dies after a change without closing it. */
import { join } from 'node:path';
import { ChatStore } from '../../../../electron/app-host/library/chat-store.ts';
import { claimDataFolder } from '../../../../electron/app-host/library/claim.ts';
import { DocumentStore } from '../../../../electron/app-host/library/document-store.ts';
import { openLibrary } from '../../../../electron/app-host/library/open-library.ts';
import { explainStorage } from '../../../../electron/app-host/library/storage-errors.ts';
import { ids } from '../../../fixtures/libraries/make-libraries.ts';

const [dir = '', mode] = process.argv.slice(2);
const attempt = (work: () => unknown) => {
  try {
    work();
    return '';
  } catch (error) {
    return (explainStorage(error) as Error).message;
  }
};
let claim = '';
try {
  claim = attempt(() => claimDataFolder(dir));
  const { database, notices } = await openLibrary(join(dir, 'library.sqlite'));
  const documents = new DocumentStore(database);
  if (mode === 'crash') {
    documents.rename(ids.lease, 'lease.pdf');
    process.kill(process.pid, 'SIGKILL');
  }
  const write = attempt(() => new ChatStore(database).create(ids.lease, 'x'.repeat(3_000_000)));
  const text = documents.text(ids.lease, null).text;
  const said = { notices, documents: documents.list().map(({ name }) => name), text, write, claim };
  process.stdout.write(`${JSON.stringify(said)}\n`);
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}

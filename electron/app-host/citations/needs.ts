/** What the search for an answer's evidence uses of other rooms. */
import type { HeldDocument } from '../../contract/app-types.ts';
import type { DocumentTexts } from '../documents/document-texts.ts';
import type { ChatStore } from '../library/chat-store.ts';
import type { SentenceIndexes } from './sentence-indexes.ts';

export interface CitationsNeeds {
  chats: Pick<ChatStore, 'documentMap' | 'evidence' | 'get' | 'turn'>;
  texts: DocumentTexts;
  sentences: SentenceIndexes;
  session(): {
    document(documentId: string): HeldDocument | undefined;
    engineDocument(documentId: string): string | undefined;
  };
}

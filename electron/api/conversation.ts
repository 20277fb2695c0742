/** Converts messages to what RocketDoc needs: documents, earlier turns, and a question. */
import type { EarlierTurn } from '../contract/engine.ts';
import { ApiError } from './api-error.ts';
import type { Message } from './requests.ts';

export interface FilePart {
  fileId?: string | undefined;
  /** data:<type>;base64,... */
  data?: string | undefined;
  name?: string | undefined;
}

export interface Conversation {
  files: FilePart[];
  earlier: EarlierTurn[];
  /** The question, with the text of the system message before it. */
  question: string;
  /** The question without it. */
  asked: string;
}

/**
 * The system message is put before the question and not before the document, so that the document need not be read again for another one.
 */
export function conversationOf(messages: readonly Message[]): Conversation {
  const files: FilePart[] = [];
  const instructions: string[] = [];
  const earlier: EarlierTurn[] = [];
  let asked: string[] = [];
  for (const [i, message] of messages.entries()) {
    const parts =
      typeof message.content === 'string' ? [{ type: 'text' as const, text: message.content }] : message.content;
    const text = parts
      .flatMap((part) => (part.type === 'text' ? [part.text] : []))
      .join('\n\n')
      .trim();
    for (const part of parts)
      if (part.type === 'file')
        files.push({ fileId: part.file.file_id, data: part.file.file_data, name: part.file.filename });
    if (message.role === 'system' || message.role === 'developer') instructions.push(text);
    else if (message.role === 'user') asked.push(text);
    else {
      if (asked.length === 0)
        throw new ApiError(400, 'An assistant message answers a user message: there is none before it.', {
          param: `messages[${i}]`,
          code: 'invalid_value',
        });
      earlier.push({ question: joined(asked), answer: text });
      asked = [];
    }
  }
  const question = joined(asked);
  if (question === '')
    throw new ApiError(400, 'The last message must be a user message with a question in it.', {
      param: 'messages',
      code: 'invalid_value',
    });
  return { files, earlier, question: joined([...instructions, question]), asked: question };
}

const joined = (texts: readonly string[]) => texts.filter((text) => text !== '').join('\n\n');

/** Chats on documents, and their turns. A turn's answer is written while it is being made, so that a crash loses only the last second. */
import { randomUUID } from 'node:crypto';
import type { AskChoice, Chat, Failure, MapPage, Turn, TurnReport } from '../../contract/app-types.ts';
import { AppError } from '../../contract/errors.ts';
import { type AnswerEvidence, answerEvidenceSchema } from '../../contract/evidence.ts';
import { pathTo } from '../../contract/turn-tree.ts';
import { type Database, transaction } from './database.ts';
import { Revisions } from './revisions.ts';

interface ChatRow {
  id: string;
  document_id: string;
  title: string;
  created_at: number;
  turns: number;
}

interface TurnRow {
  id: string;
  chat_id: string;
  parent_id: string | null;
  chosen: number;
  choice: string;
  question: string;
  answer: string;
  thinking: string;
  state: Turn['state'];
  failure: string | null;
  report: string | null;
  created_at: number;
}

export interface NewTurn {
  question: string;
  parentId: string | null;
  choice: AskChoice;
}

export interface TurnEnd {
  state: Exclude<Turn['state'], 'answering'>;
  answer: string;
  thinking?: string;
  failure?: Failure | undefined;
  report?: TurnReport | undefined;
  map?: MapPage[] | undefined;
  evidence?: AnswerEvidence | undefined;
}

const selectChat = 'SELECT chats.*, (SELECT count(*) FROM turns WHERE chat_id = chats.id) AS turns FROM chats';
const titleLength = 60;

export class ChatStore {
  readonly #database: Database;
  readonly #revisions: Revisions;
  /** Revisions of the chats that changed since the start. */
  readonly #chatRevisions = new Map<string, Pick<Chat, 'revision' | 'draftRevision'>>();

  constructor(database: Database, revisions = new Revisions()) {
    this.#database = database;
    this.#revisions = revisions;
  }

  #note(chatId: string, part: 'revision' | 'draftRevision'): void {
    const before = this.#chatRevisions.get(chatId) ?? { revision: 0, draftRevision: 0 };
    this.#chatRevisions.set(chatId, { ...before, [part]: before[part] + 1 });
    this.#revisions.note('chats');
  }

  readonly #toChat = (row: ChatRow): Chat => ({
    id: row.id,
    documentId: row.document_id,
    title: row.title,
    createdAt: row.created_at,
    turns: row.turns,
    ...(this.#chatRevisions.get(row.id) ?? { revision: 0, draftRevision: 0 }),
  });

  list(documentId: string): Chat[] {
    const rows = this.#database
      .prepare(`${selectChat} WHERE document_id = ? ORDER BY created_at, rowid`)
      .all(documentId);
    return (rows as unknown as ChatRow[]).map(this.#toChat);
  }

  get(id: string): Chat {
    const row = this.#database.prepare(`${selectChat} WHERE id = ?`).get(id);
    if (!row) throw new AppError('CLOSED', 'This chat was removed.');
    return this.#toChat(row as unknown as ChatRow);
  }

  create(documentId: string, title = `Chat ${this.list(documentId).length + 1}`): Chat {
    const id = randomUUID();
    this.#database
      .prepare('INSERT INTO chats (id, document_id, title, created_at) VALUES (?, ?, ?, ?)')
      .run(id, documentId, title, Date.now());
    this.#revisions.note('chats');
    return this.get(id);
  }

  rename(id: string, title: string): Chat {
    this.get(id);
    this.#database.prepare('UPDATE chats SET title = ? WHERE id = ?').run(title, id);
    this.#revisions.note('chats');
    return this.get(id);
  }

  remove(id: string): void {
    this.get(id);
    this.#database.prepare('DELETE FROM chats WHERE id = ?').run(id);
    this.#chatRevisions.delete(id);
    this.#revisions.note('chats');
  }

  draft(id: string): string {
    const row = this.#database.prepare('SELECT draft FROM chats WHERE id = ?').get(id);
    return (row as { draft: string } | undefined)?.draft ?? '';
  }

  saveDraft(id: string, draft: string): void {
    this.#database.prepare('UPDATE chats SET draft = ? WHERE id = ?').run(draft, id);
    this.#note(id, 'draftRevision');
  }

  turns(chatId: string): Turn[] {
    const rows = this.#database.prepare('SELECT * FROM turns WHERE chat_id = ? ORDER BY number').all(chatId);
    return (rows as unknown as TurnRow[]).map(toTurn);
  }

  turn(id: string): Turn {
    const row = this.#database.prepare('SELECT * FROM turns WHERE id = ?').get(id);
    if (!row) throw new AppError('CLOSED', 'This answer was removed.');
    return toTurn(row as unknown as TurnRow);
  }

  /** The turns from the first question down to `turnId`, which must belong to the chat; empty for null. */
  path(chatId: string, turnId: string | null): Turn[] {
    if (turnId !== null && this.turn(turnId).chatId !== chatId)
      throw new AppError('INVALID_ARGUMENT', 'This question belongs to another chat.');
    return pathTo(this.turns(chatId), turnId);
  }

  /** Stores a new turn, chosen among its siblings. The first question becomes the title of a chat without one. */
  beginTurn(chatId: string, { question, parentId, choice }: NewTurn): Turn {
    const chat = this.get(chatId);
    const id = randomUUID();
    transaction(this.#database, () => {
      const { number } = this.#database
        .prepare('SELECT coalesce(max(number), 0) + 1 AS number FROM turns WHERE chat_id = ?')
        .get(chatId) as { number: number };
      this.#database
        .prepare(
          `INSERT INTO turns (id, chat_id, parent_id, number, question, state, choice, created_at)
           VALUES (?, ?, ?, ?, ?, 'answering', ?, ?)`,
        )
        .run(id, chatId, parentId, number, question, JSON.stringify(choice), Date.now());
      this.#choose(id);
      if (number === 1 && /^Chat \d+$/.test(chat.title)) this.rename(chatId, titleFrom(question));
    });
    this.#note(chatId, 'revision');
    return this.turn(id);
  }

  /** Makes the branch of this turn the one that is shown. */
  choose(turnId: string): void {
    transaction(this.#database, () => this.#choose(turnId));
    this.#note(this.turn(turnId).chatId, 'revision');
  }

  #choose(turnId: string): void {
    const { chatId } = this.turn(turnId);
    const update = this.#database.prepare(
      'UPDATE turns SET chosen = (id = ?) WHERE chat_id = ? AND parent_id IS ? AND chosen <> (id = ?)',
    );
    for (const { id, parentId } of this.path(chatId, turnId)) update.run(id, chatId, parentId, id);
  }

  /** Makes a new chat on the same document, with copies of the turns down to this one. */
  fork(turnId: string): Chat {
    const { chatId } = this.turn(turnId);
    const { documentId, title } = this.get(chatId);
    const path = this.path(chatId, turnId);
    if (path.some((turn) => turn.state === 'answering'))
      throw new AppError('BUSY', 'This answer is still being made. Fork the chat when it is there.');
    const copy = this.#database.prepare(
      `INSERT INTO turns (id, chat_id, parent_id, number, question, answer, thinking, state, failure, report, map, evidence, choice, created_at)
       SELECT ?, ?, ?, ?, question, answer, thinking, state, failure, report, map, evidence, choice, created_at FROM turns WHERE id = ?`,
    );
    const fork = transaction(this.#database, () => {
      const fork = this.create(documentId, `${title.slice(0, 190)} (fork)`);
      let parentId: string | null = null;
      for (const [i, turn] of path.entries()) {
        const id = randomUUID();
        copy.run(id, fork.id, parentId, i + 1, turn.id);
        parentId = id;
      }
      return fork;
    });
    return this.get(fork.id);
  }

  saveAnswer(id: string, answer: string, thinking = ''): void {
    this.#database.prepare('UPDATE turns SET answer = ?, thinking = ? WHERE id = ?').run(answer, thinking, id);
  }

  endTurn(id: string, { state, answer, thinking = '', failure, report, map, evidence }: TurnEnd): Turn {
    const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
    const changes = 'state = ?, answer = ?, thinking = ?, failure = ?, report = ?, map = ?, evidence = ?';
    this.#database
      .prepare(`UPDATE turns SET ${changes} WHERE id = ?`)
      .run(state, answer, thinking, json(failure), json(report), json(map), json(evidence), id);
    const turn = this.turn(id);
    this.#note(turn.chatId, 'revision');
    return turn;
  }

  documentMap(turnId: string): MapPage[] {
    const row = this.#database.prepare('SELECT map FROM turns WHERE id = ?').get(turnId);
    const map = (row as { map: string | null } | undefined)?.map;
    return map ? (JSON.parse(map) as MapPage[]) : [];
  }

  /** The evidence as found when the answer was made; null: none was stored, or it does not fit its schema any more. */
  evidence(turnId: string): AnswerEvidence | null {
    const row = this.#database.prepare('SELECT evidence FROM turns WHERE id = ?').get(turnId);
    const stored = (row as { evidence: string | null } | undefined)?.evidence;
    const read = stored ? answerEvidenceSchema.safeParse(JSON.parse(stored)) : undefined;
    return read?.success ? read.data : null;
  }

  /** To be called at the start, when nothing is being answered: turns that are still marked so were cut off when the program ended. */
  closeInterrupted(): number {
    const failure = JSON.stringify({
      code: 'CLOSED',
      message: 'RocketDoc was closed while this was being answered. Ask again.',
    });
    const { changes } = this.#database
      .prepare("UPDATE turns SET state = 'failed', failure = ? WHERE state = 'answering'")
      .run(failure);
    return Number(changes);
  }
}

function titleFrom(question: string): string {
  const line = question.replace(/\s+/g, ' ').trim();
  return line.length <= titleLength ? line : `${line.slice(0, titleLength - 1)}…`;
}

function toTurn(row: TurnRow): Turn {
  return {
    id: row.id,
    chatId: row.chat_id,
    parentId: row.parent_id,
    chosen: row.chosen !== 0,
    choice: JSON.parse(row.choice) as AskChoice,
    question: row.question,
    answer: row.answer,
    thinking: row.thinking,
    state: row.state,
    failure: row.failure === null ? null : (JSON.parse(row.failure) as Failure),
    report: row.report === null ? null : (JSON.parse(row.report) as TurnReport),
    createdAt: row.created_at,
  };
}

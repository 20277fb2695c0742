/** POST /v1/chat/completions, with the answer as a whole or as server-sent events. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { evidenceForPrograms } from '../contract/evidence.ts';
import { answerProgram, documentFor, type ProgramAnswer } from './answering.ts';
import { BoundedQueue } from './bounded-queue.ts';
import { conversationOf } from './conversation.ts';
import { fileOf } from './files.ts';
import { checkModel } from './models.ts';
import type { ProgramsNeeds } from './needs.ts';
import type { ChatRequest } from './requests.ts';

/** One queue for each app host: programs wait for one another, and the window for at most one of them. */
const queues = new WeakMap<ProgramsNeeds, BoundedQueue>();
const mostWaiting = 8;
/** A comment is sent this often, so that clients do not take a long reading for a lost connection. */
const aliveMs = 10_000;

export async function completeChat(
  rooms: ProgramsNeeds,
  request: ChatRequest,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<unknown> {
  const model = checkModel(rooms, request.model);
  const conversation = conversationOf(request.messages);
  const queue = queues.get(rooms) ?? new BoundedQueue(mostWaiting);
  queues.set(rooms, queue);
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model };
  return queue.run(signal, async () => {
    const document = await documentFor(rooms, conversation, signal);
    if (!request.stream) {
      const silent = { onText: () => {}, onThinking: () => {}, onReading: () => {} };
      const answer = await answerProgram(rooms, document, conversation, request, silent, signal);
      return {
        ...head,
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: answer.text, refusal: null, ...reasoning(answer.thinking) },
            logprobs: null,
            finish_reason: answer.finishReason,
          },
        ],
        usage: usageOf(answer),
        rocketdoc: ownOf(answer, fileOf(document).id),
      };
    }
    const events = new EventStream(response, { ...head, object: 'chat.completion.chunk' });
    try {
      events.send([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]);
      const listener = {
        onText: (text: string) => events.send([{ index: 0, delta: { content: text }, finish_reason: null }]),
        onThinking: (text: string) => events.send([{ index: 0, delta: reasoning(text), finish_reason: null }]),
        onReading: (done: number, total: number) => events.comment(`reading ${done} of ${total} tokens`),
      };
      const answer = await answerProgram(rooms, document, conversation, request, listener, signal);
      events.send([{ index: 0, delta: {}, finish_reason: answer.finishReason }], {
        rocketdoc: ownOf(answer, fileOf(document).id),
      });
      if (request.stream_options?.include_usage) events.send([], { usage: usageOf(answer) });
      events.end();
    } finally {
      events.stop();
    }
    return undefined;
  });
}

/** Thinking is sent apart from the answer, in the field that other servers of this API use; OpenAI's own sends no thinking. */
const reasoning = (thinking: string) => (thinking === '' ? {} : { reasoning_content: thinking });

function usageOf({ promptTokens, cachedTokens, answerTokens, thinkingTokens }: ProgramAnswer) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: answerTokens,
    total_tokens: promptTokens + answerTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: thinkingTokens },
  };
}

/** RocketDoc's own part of a reply. */
function ownOf({ evidence }: ProgramAnswer, fileId: string) {
  return { file_id: fileId, ...evidenceForPrograms(evidence) };
}

class EventStream {
  readonly #response: ServerResponse;
  readonly #head: object;
  readonly #alive: NodeJS.Timeout;

  constructor(response: ServerResponse, head: object) {
    this.#response = response;
    this.#head = head;
    response.statusCode = 200;
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store');
    response.flushHeaders();
    this.#alive = setInterval(() => this.comment('waiting'), aliveMs);
  }

  send(choices: readonly object[], more: object = {}): void {
    this.#response.write(`data: ${JSON.stringify({ ...this.#head, choices, ...more })}\n\n`);
  }

  comment(text: string): void {
    this.#response.write(`: ${text}\n\n`);
  }

  end(): void {
    this.#response.end('data: [DONE]\n\n');
  }

  stop(): void {
    clearInterval(this.#alive);
  }
}

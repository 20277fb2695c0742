/**
 * Chooses the format of prompts: the model's own chat template where it can be used, else a common one whose marks its vocabulary has, else
 * plain text. A notice says when it is not the model's own.
 */
import { type ChatPieces, readChatTemplate } from './chat-template.ts';
import { plainFamily, type Wording, wordingFor } from './prompt-wording.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface PromptPieces {
  family: string;
  wording: Wording;
  pieces: ChatPieces;
  /** True: plain text, in which an answer is one line. */
  isPlain: boolean;
  /** What a person should know about the chosen format. */
  notices: string[];
}

interface CommonFormat {
  name: string;
  marks: readonly string[];
  template: string;
}

/** A template that puts each turn between `open` and `close`. */
const turns = (open: (role: string) => string, close: string) =>
  `{% for m in messages %}{{ ${open("m['role']")} + m['content'] + '${close}' }}{% endfor %}` +
  `{% if add_generation_prompt %}{{ ${open("'assistant'")} }}{% endif %}`;

const commonFormats: readonly CommonFormat[] = [
  {
    name: 'ChatML',
    marks: ['<|im_start|>', '<|im_end|>'],
    template: turns((role) => `'<|im_start|>' + ${role} + '\\n'`, '<|im_end|>\\n'),
  },
  {
    name: 'that of Llama 3',
    marks: ['<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
    template: `{{ bos_token }}${turns((role) => `'<|start_header_id|>' + ${role} + '<|end_header_id|>\\n\\n'`, '<|eot_id|>')}`,
  },
  {
    name: 'that of Gemma',
    marks: ['<start_of_turn>', '<end_of_turn>'],
    template: `{{ bos_token }}${turns((role) => `'<start_of_turn>' + ('model' if ${role} == 'assistant' else 'user') + '\\n'`, '<end_of_turn>\\n')}`,
  },
  {
    name: 'that of Phi',
    marks: ['<|user|>', '<|assistant|>', '<|end|>'],
    template: turns((role) => `'<|' + ${role} + '|>\\n'`, '<|end|>\\n'),
  },
  {
    name: 'that of Mistral',
    marks: ['[INST]', '[/INST]'],
    template:
      "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'assistant' %}{{ m['content'] + eos_token }}" +
      "{% else %}{{ '[INST]' + m['content'] + '[/INST]' }}{% endif %}{% endfor %}",
  },
];

export function promptPieces(vocabulary: Vocabulary, model: { architecture: string; name: string }): PromptPieces {
  const { bosText, eosText, chatTemplate } = vocabulary;
  const { family, wording } = wordingFor(model.architecture, model.name);
  const options = { system: wording.system, bosText, eosText };
  let problem = 'The model file has no chat template';
  if (chatTemplate !== undefined) {
    try {
      const pieces = readChatTemplate(chatTemplate, options);
      return { family, wording, pieces, isPlain: false, notices: [] };
    } catch (error) {
      const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
      problem = `The model's chat template cannot be used (${why.slice(0, 200)})`;
    }
  }
  // A base model may have the marks in its vocabulary too, but was not trained to use them.
  const isChat = chatTemplate !== undefined || /instruct|chat|\bit\b/i.test(model.name);
  const common = isChat
    ? commonFormats.find(({ marks }) => marks.every((mark) => vocabulary.hasMark(mark)))
    : undefined;
  if (common) {
    const notice = `${problem}; a common one is used instead, ${common.name}, of which its vocabulary has the marks.`;
    const pieces = readChatTemplate(common.template, options);
    return { family, wording, pieces, isPlain: false, notices: [notice] };
  }
  const plain = plainFamily();
  const notice =
    `${problem}; it is asked in plain text: the document, then "${plain.wording.questionBefore.trim()}" and ` +
    `"${plain.wording.questionAfter.trim()}". An answer is one line.`;
  return { ...plain, pieces: plainPieces(plain.wording), isPlain: true, notices: [notice] };
}

function plainPieces({ system }: Wording): ChatPieces {
  if (system !== null) throw new Error('In plain text there is no place for a system text.');
  return {
    start: () => [],
    afterQuestion: [],
    afterQuestionThinking: undefined,
    beforeEarlierAnswer: [],
    betweenTurns: [],
    thinking: { kind: 'never', opened: { off: false, on: false }, expected: false, channels: false },
    hasEffort: false,
  };
}

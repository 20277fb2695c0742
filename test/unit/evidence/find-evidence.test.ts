import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rocketOptionsFor } from '../../../electron/contract/method.ts';
import { findEvidence, readsIn } from '../../../electron/evidence/find-evidence.ts';
import { SentenceIndex } from '../../../electron/evidence/sentence-index.ts';
import { paged } from '../../fixtures/paged-text.ts';

const report = paged(
  'The Harbour Trust was founded by Ada Whitlock in 1887. Its first keeper was paid nine pounds a year.\n\n',
  'The tower on Ruan is 41 metres high. The tower on Tolm is 28 metres high.\n\nStation\tStaff\nRuan\t12\nTolm\t7\n\n',
  'In 1902 the lantern was replaced by the firm Dunmore. It is open to visitors in summer.\n',
);
const index = await SentenceIndex.of(report);
const find = (question: string, answer: string) => findEvidence(index, { question, answer });

describe('evidence', () => {
  it('is the sentence that says it, with its page, its place and the words that match', async () => {
    const { evidence, unsupported, isFound } = await find('Who founded the Trust?', 'Ada Whitlock founded it.');
    expect({ isFound, unsupported }).toEqual({ isFound: true, unsupported: [] });
    expect(evidence).toHaveLength(1);
    const [first] = evidence;
    expect(first).toMatchObject({
      page: 0,
      label: '1',
      sentence: 'The Harbour Trust was founded by Ada Whitlock in 1887.',
      kind: 'matched',
    });
    expect(report.text.slice(first?.start, first?.end)).toBe(first?.sentence);
    expect(first?.matches.map(({ start, end }) => first.sentence.slice(start, end))).toEqual([
      'Trust',
      'founded',
      'Ada Whitlock',
    ]);
  });

  it('is there though the question has words that the text has not', async () => {
    const { evidence } = await find('What sum of money was the salary of the first keeper?', 'Nine pounds.');
    expect(evidence[0]?.sentence).toBe('Its first keeper was paid nine pounds a year.');
  });

  it('tells like sentences apart by what was asked', async () => {
    expect((await find('How high is the tower on Tolm?', '28 metres.')).evidence[0]?.sentence).toContain('Tolm');
    expect(
      (await find('How high is the tower on Tolm?', 'It is 41 metres high.')).evidence.map(({ sentence }) => sentence),
    ).not.toContain('The tower on Tolm is 28 metres high.');
  });

  it('is a row of a table, understood by its first row', async () => {
    expect((await find('How many staff has Tolm?', 'Tolm has 7 staff.')).evidence[0]).toMatchObject({
      page: 1,
      sentence: 'Tolm 7',
    });
  });

  it('knows quotes, repeated words and matched words apart', async () => {
    const kind = async (answer: string) => (await find('Who founded the Trust?', answer)).evidence[0]?.kind;
    expect(await kind('It says "founded by Ada Whitlock in 1887".')).toBe('quote');
    expect(await kind('The Trust was founded by Ada Whitlock in 1887.')).toBe('repeated');
    expect(await kind('Ada Whitlock.')).toBe('matched');
  });

  it('of several statements is for each, and names those that stand nowhere', async () => {
    const { evidence, unsupported, isFound } = await find(
      'What is there about the Trust?',
      'The Trust was founded by Ada Whitlock. In 1902 the firm Dunmore replaced the lantern. Its walls are of marble.',
    );
    expect(isFound).toBe(true);
    expect(evidence.map(({ page }) => page).sort()).toEqual([0, 2]);
    expect(unsupported).toEqual([{ kind: 'statement', text: 'Its walls are of marble.' }]);
  });

  it.each([
    ['Say all that you know.', '## The founding\n\nThe Harbour Trust was founded in **1887**.'],
    ['Say all that you know.', '**Founding:**\n\nIn 1902 the lantern was replaced.'],
    ['Say all that you know.', 'What the document says:\n\n- Ruan has 12 staff.'],
    ['Say all that you know.', 'The Trust was founded in **1887**. Of its stations it says:\n\n- Ruan has 12 staff.'],
    ['How many staff have the stations?', '| Station | People |\n|---|---|\n| Ruan | 12 |\n| Tolm | 7 |'],
    ['When was the Trust founded?', '1887'],
    ['When was the Trust founded?', '# 1887'],
    ['When was the Trust founded?', '**1887**.'],
    ['How many staff has Tolm?', 'Seven.'],
    ['What is on Ruan?', 'A tower.'],
    ['Is it open to visitors in summer, and by whom was the lantern replaced?', 'Yes. It was replaced by Dunmore.'],
    ['Was the Trust founded in 1887?', 'Yes.\n\nIt was founded by **Ada Whitlock**.'],
  ])('is there for what is short and true, and for no heading: %s %s', async (question, answer) => {
    expect(await find(question, answer)).toMatchObject({ isFound: true, unsupported: [] });
  });

  it('is there for what stands before the words that lead in to a list', async () => {
    const { evidence } = await find(
      'What of the Trust?',
      'It was founded in **1887**. Its stations:\n\n- Ruan has 12 staff.',
    );
    expect(evidence.map(({ page }) => page).sort()).toEqual([0, 1]);
  });

  it('names a statement as it reads', async () => {
    const { unsupported } = await find(
      'What of the walls?',
      '## Walls\n\nIts walls are of **marble**, `cut` by _hand_.',
    );
    expect(unsupported).toEqual([{ kind: 'statement', text: 'Its walls are of marble, cut by hand.' }]);
  });

  it('of a confirmation is what was asked about', async () => {
    const { evidence, isFound } = await find('Is it open to visitors in summer?', 'Yes.');
    expect(isFound).toBe(true);
    expect(evidence[0]?.sentence).toBe('It is open to visitors in summer.');
  });
});

describe('whose a number or a name is', () => {
  const manual = paged(
    'Fit the filter in the return pipe. The condensate is led into gravel.\n\nThe diameter of the connections is 32 millimetres. ',
    'A vase stays in the oven for fourteen hours, a bowl for thirty. The pump was designed in Tampere and is made in Szeged.\n\n',
    'Maj Rydberg, a widow, and Bo Lind won the pump race in Milan.\n\n',
    'The guarantee is five years from the day of first use. The compressor alone is guaranteed for ten.\n\n',
    'The sound in night mode is 49 decibels. The fan must be free of snow.\n\n',
    'The glassworks have a museum. A ticket costs 70 kronor.\n\nThe works were founded by Ingeborg Lindqvist.\n',
  );
  const ask = async (question: string, answer: string) => {
    const { evidence } = await findEvidence(await SentenceIndex.of(manual), { question, answer });
    return evidence[0]?.sentence.split(' ').slice(0, 4).join(' ');
  };

  it.each([
    ['What is the diameter of the condensate pipe?', 'The diameter of the condensate pipe is 32 millimetres.'],
    ['How long does a bowl stay in the oven?', 'A bowl stays in the oven for fourteen hours.'],
    ['Where is the pump made?', 'The pump is made in Tampere.'],
    ['How long is the guarantee of the compressor?', 'The guarantee of the compressor is five years from first use.'],
    ['How fast is the fan in night mode?', 'The fan in night mode is 49 decibels.'],
  ])('is not another thing’s: %s %s', async (question, answer) => {
    expect(await ask(question, answer)).toBeUndefined();
  });

  it.each([
    ['What is the diameter of the connections?', 'The diameter of the connections is 32 mm.', 'The diameter of the'],
    ['How long does a vase stay in the oven?', 'A vase stays in the oven for fourteen hours.', 'A vase stays in'],
    ['How long does a bowl stay in the oven?', 'A bowl stays in the oven for thirty hours.', 'A vase stays in'],
    ['Where is the pump made?', 'The pump is made in Szeged.', 'The pump was designed'],
    ['Who won the pump race?', 'Maj Rydberg won it.', 'Maj Rydberg, a widow,'],
    ['Where was the pump designed?', 'It was designed in Tampere.', 'The pump was designed'],
    ['How long is the guarantee?', 'The guarantee is five years.', 'The guarantee is five'],
    ['What does the museum cost?', 'The museum costs 70 kronor.', 'A ticket costs 70'],
    ['Who founded the glassworks?', 'The glassworks was founded by Ingeborg Lindqvist.', 'The works were founded'],
    ['In which town is the pump made?', 'Szeged.', 'The pump was designed'],
    ['Where was it designed, and what does a ticket cost?', 'It was designed in Tampere.', 'The pump was designed'],
  ])('is told by what stands in its clause or before it: %s %s', async (question, answer, sentence) => {
    expect(await ask(question, answer)).toBe(sentence);
  });

  it('is not asked of a statement that stands there word for word', async () => {
    expect(await ask('What does the manual tell of the house?', 'The sound in night mode is 49 decibels.')).toBe(
      'The sound in night',
    );
    // This answer is no whole statement, so it must fit the question too, and it does not.
    expect(await ask('Who designed the museum of the pump?', 'Founded by Ingeborg Lindqvist.')).toBeUndefined();
  });
});

describe('nothing is found', () => {
  it.each([
    ['of what the text says of something else', 'Who replaced the lantern?', 'Ada Whitlock replaced the lantern.'],
    ['of another number', 'How high is the tower on Ruan?', 'The tower on Ruan is 63 metres high.'],
    ['of the question said again', 'Who founded the Trust?', 'The Trust was founded by the Trust.'],
    [
      'of a number that the text does not know, whatever it says of others',
      'What does station 55 have?',
      'Station 55 has a lantern. It was replaced in 1902 by the firm Dunmore.',
    ],
    ['of what nobody asked', 'What is the price of a ticket?', 'In 1887.'],
    ['of nothing', 'Who founded the Trust?', ''],
    ['of a refusal', 'Who painted the door?', 'The document does not mention it.'],
  ])('%s', async (_, question, answer) => {
    expect(await find(question, answer)).toMatchObject({ evidence: [], isFound: false });
  });
});

describe('numbers and names that the document does not hold', () => {
  const terms = async (answer: string, from = index) =>
    (await findEvidence(from, { question: 'What?', answer })).unsupported
      .filter(({ kind }) => kind !== 'statement')
      .map(({ text }) => text);

  it('are told as the answer has them, names whole', async () => {
    expect(await terms('It was built by John Whitlock of Bremen for 1,250 pounds in 1887.')).toEqual([
      'John Whitlock',
      'Bremen',
      '1,250',
    ]);
  });

  it('are neither numbers of a list, nor words at a beginning, nor in code', async () => {
    expect(await terms('1. Ada Whitlock\n2. Approximately 41 metres\n3. `value 77`\n\n```\nx = 99\n```\n')).toEqual([]);
  });

  it('are numbers alone where every noun has a capital', async () => {
    const german = await SentenceIndex.of(
      paged('Der Turm auf der Insel hat eine Lampe und eine Treppe. Der Verein zahlt dem Wärter 9 Pfund im Jahr.\n'),
    );
    expect(await terms('Auf der Insel steht ein Haus mit einem Garten und 12 Fenster.', german)).toEqual(['12']);
  });
});

describe('what was read', () => {
  const twice = paged('The lamp was lit by Oona Farrier at dusk.\n\n', 'The lamp was lit by Oona Farrier at dusk.\n');
  const asked = { question: 'Who lit the lamp?', answer: 'Oona Farrier.' };

  it('decides between sentences that say the same, beside what any question reads', async () => {
    const both = await SentenceIndex.of(twice);
    expect((await findEvidence(both, asked)).evidence[0]?.page).toBe(0);
    // The second page is read most, as the end of any text is; only the first one is read more than usual.
    const reads = async (passages: readonly { start: number }[]) =>
      passages.map(({ start }) => (start === 0 ? { read: 6, usual: 1 } : { read: 9, usual: 9 }));
    expect((await findEvidence(both, asked, reads)).evidence[0]?.page).toBe(0);
    const other = async (passages: readonly { start: number }[]) =>
      passages.map(({ start }) => (start === 0 ? { read: 1, usual: 1 } : { read: 30, usual: 9 }));
    expect((await findEvidence(both, asked, other)).evidence[0]?.page).toBe(1);
  });

  it('without a baseline decides nothing', async () => {
    const both = await SentenceIndex.of(twice);
    const raw = async (passages: readonly { start: number }[]) =>
      passages.map(({ start }) => ({ read: start === 0 ? 1 : 50 }));
    expect((await findEvidence(both, asked, raw)).evidence[0]?.page).toBe(0);
  });

  it('is not asked for where full KV read everything', () => {
    const engine = { measureUsualReads: async () => {}, passageReads: async () => [] };
    const choice = { documentId: 'd', chatId: 'c', rocket: rocketOptionsFor({ mode: 'rocketkv-mt' }) };
    const counters = { budgets: { dense: false } } as never;
    expect(readsIn(engine, { ...choice, mode: 'full' }, { counters })).toBeUndefined();
    expect(readsIn(engine, { ...choice, mode: 'rocketkv-mt' }, { counters })).toBeTypeOf('function');
  });
});

it('of a long answer lets other work through between its sentences', async () => {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await find('What is there?', 'The tower on Ruan is 41 metres high. '.repeat(20));
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(15);
});

it('any text and any answer give evidence that lies in the text', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { minLength: 1, maxLength: 3 }),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      async (texts, question, answer) => {
        const document = paged(...texts);
        const found = await findEvidence(await SentenceIndex.of(document), { question, answer });
        expect(found.evidence.length).toBeLessThanOrEqual(3);
        expect(found.isFound).toBe(found.evidence.length > 0);
        for (const { start, end, sentence, matches, score } of found.evidence) {
          expect(end).toBeLessThanOrEqual(document.text.length);
          expect(start).toBeLessThan(end);
          expect(score).toBeLessThanOrEqual(1);
          for (const match of matches) expect(match.end).toBeLessThanOrEqual(sentence.length);
        }
      },
    ),
    { numRuns: 60 },
  );
});

/** The answer that is being made: the words so far, or what the engine does before the first one. */
import { count } from '../../format.ts';
import { SafeMarkdown } from '../../markdown/safe-markdown.tsx';
import { useChat } from '../../stores/chat.ts';
import { useEngine } from '../../stores/engine.ts';
import { askLink } from '../../stores/ui.ts';
import { Thinking } from './thinking.tsx';

export function LiveAnswer({ turnId }: { turnId: string }) {
  const answer = useChat((state) => (state.live?.turnId === turnId ? state.live.answer : ''));
  const thinking = useChat((state) => (state.live?.turnId === turnId ? state.live.thinking : ''));
  if (answer === '' && thinking === '') return <LivePhase />;
  return (
    <>
      <Thinking text={thinking} isLive={answer === ''} />
      {answer !== '' && <SafeMarkdown text={answer} streaming onLink={askLink} />}
    </>
  );
}

function LivePhase() {
  const chatId = useChat((state) => state.chatId);
  const job = useEngine(({ telemetry }) => telemetry?.jobs.find((entry) => entry.chatId === chatId));
  const words =
    job?.phase === 'question'
      ? `Reading the question, ${count(job.done)} of ${count(job.total)} tokens`
      : job?.phase === 'answer'
        ? 'Choosing what to keep of the document'
        : 'Waiting for the engine';
  return (
    <p role="status" className="tabular text-muted">
      {words}
    </p>
  );
}

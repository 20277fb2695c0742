/** The answer that is being made: the words so far, or what the engine does before the first one. */
import { count } from '../../format.ts';
import { SafeMarkdown } from '../../markdown/safe-markdown.tsx';
import { useChat } from '../../stores/chat.ts';
import { useEngine } from '../../stores/engine.ts';
import { askLink } from '../../stores/ui.ts';

export function LiveAnswer({ turnId }: { turnId: string }) {
  const text = useChat((state) => (state.live?.turnId === turnId ? state.live.text : ''));
  if (text !== '') return <SafeMarkdown text={text} streaming onLink={askLink} />;
  return <LivePhase />;
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

/** Why the engine does not run, and what to do: another model where the model is at fault. */
import { embeddedModelId } from '../electron/contract/embedded-model.ts';
import { restartEngine, selectEngine, useEngine } from './stores/engine.ts';
import { switchModel, useModels } from './stores/models.ts';
import { changeSettings } from './stores/settings.ts';
import { openModels } from './stores/ui.ts';
import { Button } from './ui/button.tsx';
import { Problem } from './ui/problem.tsx';

export function EngineProblem() {
  const engine = useEngine(selectEngine);
  const refusal = useModels(({ refusals }) => refusals[embeddedModelId]);
  const isSwitching = useModels(({ switchingTo }) => switchingTo !== null);
  if (engine?.state !== 'failed') return null;
  const { failure, modelFile } = engine;
  const isOfModel = failure?.code.startsWith('MODEL_') || failure?.code === 'TEMPLATE';
  const isEmbedded = modelFile.id === embeddedModelId;
  const again = (
    <Button
      key="again"
      kind={isOfModel || failure?.code === 'GPU_OOM' ? 'quiet' : 'primary'}
      onClick={() => void restartEngine()}
    >
      {isOfModel ? 'Look again' : 'Start the engine again'}
    </Button>
  );
  const embedded = (
    <Button
      key="embedded"
      kind={isOfModel ? 'primary' : 'quiet'}
      disabled={isSwitching}
      onClick={() => void switchModel(embeddedModelId)}
    >
      Use the embedded model
    </Button>
  );
  const onCpu = failure?.code === 'GPU_OOM' && (
    <Button kind="primary" onClick={() => void changeSettings({ device: 'cpu' }).then(restartEngine)}>
      Compute on the CPU
    </Button>
  );
  return (
    <Problem message={refusal?.message ?? failure?.message ?? 'The engine is not running.'}>
      {onCpu}
      {isEmbedded ? again : isOfModel ? [embedded, again] : [again, embedded]}
      <Button onClick={openModels}>Choose another model</Button>
    </Problem>
  );
}

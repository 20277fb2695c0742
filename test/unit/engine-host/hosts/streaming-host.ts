// The real router on the fake addon. A question can make it die in the middle of the first answer, or lack memory.
import { Engine } from '../../../../electron/engine-host/engine.ts';
import { engineRouter } from '../../../../electron/engine-host/router.ts';
import { requireParentPort } from '../../../../electron/hosts/parent-port.ts';
import { serveHost } from '../../../../electron/hosts/serve-host.ts';
import { byteVocabulary, FakeAddon, modelFile } from '../fake-addon.ts';

const shortage = {
  place: 'gpu',
  needed: 3000,
  available: 2000,
  proposals: [{ changes: { mode: 'rocketkv-mt', documentHome: 'host' }, needed: 1500 }],
};
const addon = new FakeAddon({
  async onAsk(request) {
    const question = byteVocabulary.detokenize([...request.tokens]);
    if (question.includes('die')) setTimeout(() => process.exit(7), 50);
    if (question.includes('large'))
      throw Object.assign(new Error('There is too little.'), { code: 'GPU_OOM', shortage });
    if (question.includes('die') || question.includes('wait')) await new Promise(() => {});
  },
});
const engine = new Engine(addon, async () => byteVocabulary);
await engine.openModel({ path: modelFile, threads: 0, device: 'cpu', deviceReason: null });
serveHost(requireParentPort('streaming-host'), engineRouter(engine));

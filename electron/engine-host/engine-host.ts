/** Entry of the engine's own process, the only one that loads the addon. When ggml aborts, only this process dies. */
import type { NativeAddon } from '../../native/binding.ts';
import { loadAddon } from '../../native/index.ts';
import { forbidNetwork } from '../hosts/no-network.ts';
import { requireParentPort } from '../hosts/parent-port.ts';
import { serveHost } from '../hosts/serve-host.ts';
import { Engine } from './engine.ts';
import { engineRouter } from './router.ts';

/** The addon is loaded at the first call that needs it, so that a missing one is that call's error. */
const addon = new Proxy({} as NativeAddon, {
  get: (_, name) => Reflect.get(loadAddon(), name) as unknown,
});

forbidNetwork();
serveHost(requireParentPort('engine-host'), engineRouter(new Engine(addon)));

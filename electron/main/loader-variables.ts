/** Variables that name code to load have no say in a packed RocketDoc. */

/**
 * By which a package of ours would load another native file than its own: ggml's CUDA library (native/index.ts), SQLite's
 * addon (node-gyp-build), node-llama-cpp's library. Those of the system's own loader act before any code of ours can look.
 */
const namesNativeCode = /^(ROCKETDOC_GGML_|NODE_LLAMA_CPP_|npm_config_|PREBUILDS_ONLY$)|_PREBUILD$/i;

/** Also for the app host and the hosts, which are given what is left. */
export function dropLoaderVariables(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) if (namesNativeCode.test(name)) delete env[name];
}

/** Removes environment variables that name code to load from a packed RocketDoc. */

/**
 * Variables that would make a library of ours load another native file than the packed one: ggml's CUDA library (native/index.ts), SQLite's
 * addon (node-gyp-build), node-llama-cpp's library. Those of the system's loader take effect before any code of ours runs.
 */
const namesNativeCode = /^(ROCKETDOC_GGML_|NODE_LLAMA_CPP_|npm_config_|PREBUILDS_ONLY$)|_PREBUILD$/i;

/** The app host and the hosts inherit the variables that remain. */
export function dropLoaderVariables(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) if (namesNativeCode.test(name)) delete env[name];
}

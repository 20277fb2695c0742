/** The model that the engine is to open. */
export interface ServedModel {
  modelId: string;
  modelPath: string;
  /** Names its exact bytes, for counts that depend on them. */
  modelHash: string;
  title: string;
  licence: string;
  /** Before anything reads the file; rejects with the sentence that is shown. */
  check?: () => Promise<void>;
}

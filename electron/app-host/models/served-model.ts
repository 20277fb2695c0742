/** The model that the engine opens. */
export interface ServedModel {
  modelId: string;
  modelPath: string;
  /** Identifies its exact bytes, for token counts that depend on them. */
  modelHash: string;
  title: string;
  licence: string;
  /** Called before anything reads the file; rejects with the sentence that is shown. */
  check?: () => Promise<void>;
}

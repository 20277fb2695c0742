/** The models that a request may name: only the open one. Another one is chosen in the window. */

import { ApiError } from './api-error.ts';
import type { ProgramsNeeds } from './needs.ts';

/** A name for whichever model is open. */
const anyModel = 'rocketdoc';

export function listModels(rooms: ProgramsNeeds) {
  const { modelFile, model } = rooms.supervisor.state;
  const entry = (id: string) => ({
    id,
    object: 'model' as const,
    created: 0,
    owned_by: 'rocketdoc',
    rocketdoc: { title: modelFile.title, context: model?.info.nCtxTrain ?? null },
  });
  return { object: 'list', data: [entry(modelFile.id), entry(anyModel)] };
}

export function checkModel(rooms: ProgramsNeeds, name: string): string {
  const { modelFile } = rooms.supervisor.state;
  if (name === anyModel || name === modelFile.id || name === modelFile.title) return modelFile.id;
  throw new ApiError(
    404,
    `The open model is ${modelFile.id}; ${name.slice(0, 100)} can be chosen in RocketDoc, Models.`,
    {
      param: 'model',
      code: 'model_not_found',
    },
  );
}

/** The id of the model that comes with the app, in a file without zod because the window uses it and must not bundle zod. */
export const embeddedModelId = 'embedded';

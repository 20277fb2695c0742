/** The id of the model that comes with the app, for a window that names it and parses nothing. */
export const embeddedModelId = 'embedded';

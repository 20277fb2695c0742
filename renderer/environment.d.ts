/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The renderer runs in a browser. Styles and fonts are imported for their effect.
declare module '*.css';
declare module '@fontsource-variable/inter';
declare module '@fontsource-variable/jetbrains-mono';

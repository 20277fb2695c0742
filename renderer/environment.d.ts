/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The renderer runs in a browser. Styles and fonts are imported for their effect.
declare module '*.css';
declare module '@fontsource-variable/inter';
declare module '@fontsource-variable/jetbrains-mono';
/** Addresses of files that the build puts beside the window. */
declare module '*?url' {
  const address: string;
  export default address;
}
declare module '*?worker&url' {
  const address: string;
  export default address;
}

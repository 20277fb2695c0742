/** What the app uses of the browser beside the connection: theme, window width, keys, local storage, downloads, the clipboard. */
import { tinykeys } from 'tinykeys';
import type { Settings } from '../../electron/contract/settings.ts';

import { isDraggingOut } from './desktop.ts';

export type WindowWidth = 'wide' | 'medium' | 'narrow';

export function watchWidth(listener: (width: WindowWidth) => void): void {
  const wide = window.matchMedia('(min-width: 1100px)');
  const medium = window.matchMedia('(min-width: 800px)');
  const report = () => listener(wide.matches ? 'wide' : medium.matches ? 'medium' : 'narrow');
  wide.addEventListener('change', report);
  medium.addEventListener('change', report);
  report();
}

const systemDark = () => window.matchMedia('(prefers-color-scheme: dark)');

/** Returns the theme that is shown from then on: `system` is resolved. */
export function applyTheme(theme: Settings['theme']): 'light' | 'dark' {
  const isDark = theme === 'dark' || (theme === 'system' && systemDark().matches);
  const shown = isDark ? 'dark' : 'light';
  document.documentElement.dataset.theme = shown;
  remember('theme', theme);
  return shown;
}

/** Shows the theme of the last time, until the server has sent the settings. */
export function applyRememberedTheme(): 'light' | 'dark' {
  const theme = recall('theme');
  return applyTheme(theme === 'dark' || theme === 'light' ? theme : 'system');
}

/** tokens.css and index.css have the rules for these two attributes. */
export function applyAppearance({ fontSize, motion }: Pick<Settings, 'fontSize' | 'motion'>): void {
  const { dataset } = document.documentElement;
  dataset.fontSize = fontSize;
  dataset.motion = motion;
  remember('fontSize', fontSize);
  remember('motion', motion);
}

/** Applies what was remembered, so that nothing changes its size when the server sends the settings. */
export function applyRememberedAppearance(): void {
  const { dataset } = document.documentElement;
  for (const name of ['fontSize', 'motion'] as const) {
    const value = recall(name);
    if (value !== null) dataset[name] = value;
  }
}

export function watchSystemTheme(listener: () => void): void {
  systemDark().addEventListener('change', listener);
}

/** Keys that work everywhere in the window, in tinykeys' notation. While a dialog or menu is open, Escape only closes that. */
export function watchKeys(keys: Record<string, () => void>): void {
  let floats = false;
  // Looked at in the capture phase: later a dialog may have closed itself because of the same key.
  const look = () => {
    floats = document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;
  };
  window.addEventListener('keydown', look, { capture: true });
  const bindings = Object.entries(keys).map(([chord, action]): [string, (event: KeyboardEvent) => void] => [
    chord,
    (event) => {
      if (event.defaultPrevented || (chord === 'Escape' && floats)) return;
      event.preventDefault();
      action();
    },
  ]);
  tinykeys(window, Object.fromEntries(bindings));
}

/** Files dragged over or dropped anywhere on the window. */
export function watchDrops(events: { onOver: (isOver: boolean) => void; onFiles: (files: File[]) => void }): void {
  let depth = 0;
  const hasFiles = (event: DragEvent) => !isDraggingOut() && (event.dataTransfer?.types.includes('Files') ?? false);
  window.addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    depth++;
    events.onOver(true);
  });
  window.addEventListener('dragleave', (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) events.onOver(false);
  });
  // Without these the browser would leave the app and open the file.
  window.addEventListener('dragover', (event) => event.preventDefault());
  window.addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    events.onOver(false);
    const files = hasFiles(event) ? [...(event.dataTransfer?.files ?? [])] : [];
    if (files.length > 0) events.onFiles(files);
  });
}

export function focusOn(elementId: string): void {
  document.getElementById(elementId)?.focus();
}

/** Opens the system's file dialog. */
export function pickFiles(onFiles: (files: File[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.addEventListener('change', () => onFiles([...(input.files ?? [])]));
  input.click();
}

export function remember(name: string, value: string): void {
  try {
    window.localStorage.setItem(`rocketdoc.${name}`, value);
  } catch {
    // The storage is full or forbidden: then the layout is not remembered.
  }
}

export function recall(name: string): string | null {
  try {
    return window.localStorage.getItem(`rocketdoc.${name}`);
  } catch {
    return null;
  }
}

/** Starts a download of the browser, which goes into the folder that the person chose there. */
export function saveFile(fileName: string, content: BlobPart, mediaType: string): void {
  saveBlob(fileName, new Blob([content], { type: mediaType }));
}

interface Picture {
  fileName: string;
  width: number;
  height: number;
  /** `color` returns the value of a custom property in the theme that is shown. */
  draw: (context: CanvasRenderingContext2D, color: (name: string) => string) => void;
}

/** Saves a PNG with twice as many pixels as `width` and `height` say, so that it is sharp on dense screens. */
export function savePicture({ fileName, width, height, draw }: Picture): void {
  const canvas = document.createElement('canvas');
  canvas.width = 2 * width;
  canvas.height = 2 * height;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.scale(2, 2);
  const style = getComputedStyle(document.documentElement);
  draw(context, (name) => style.getPropertyValue(name).trim());
  canvas.toBlob((blob) => blob && saveBlob(fileName, blob), 'image/png');
}

function saveBlob(fileName: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  // By then the download has read the blob.
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await window.navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Over plain http from another machine a page has no clipboard API, but the browser still copies what is selected. */
function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed'; // so that the page does not scroll to it
  (focused?.closest('[role="dialog"]') ?? document.body).append(area); // a dialog keeps the focus within it
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}

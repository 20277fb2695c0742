/** Settings, one row each. A value that does not fit its schema any more counts as absent: the default takes its place. */
import { type Settings, settingsSchema } from '../contract/app-types.ts';
import { defaultMaxNew, defaultRocketOptions } from '../contract/method.ts';
import type { Database } from './database.ts';

export const defaultSettings: Settings = {
  mode: 'rocketkv-mt',
  preset: 'paper',
  tokenBudget: defaultRocketOptions.tokenBudget,
  kvType: 'f16',
  maxNew: defaultMaxNew,
  threads: 0,
  theme: 'system',
};

export class SettingsStore {
  readonly #database: Database;
  readonly #defaults: Settings;

  constructor(database: Database, defaults: Partial<Settings> = {}) {
    this.#database = database;
    this.#defaults = { ...defaultSettings, ...defaults };
  }

  get(): Settings {
    const rows = this.#database.prepare('SELECT key, value FROM settings').all() as unknown as {
      key: string;
      value: string;
    }[];
    const settings: Record<string, unknown> = { ...this.#defaults };
    for (const { key, value } of rows) {
      const schema = settingsSchema.shape[key as keyof Settings];
      const parsed = schema?.safeParse(JSON.parse(value));
      if (parsed?.success) settings[key] = parsed.data;
    }
    return settings as Settings;
  }

  set(changes: { [Key in keyof Settings]?: Settings[Key] | undefined }): Settings {
    for (const [key, value] of Object.entries(changes)) if (value !== undefined) this.#put(key, value);
    return this.get();
  }

  /** Measured, not chosen: prompt tokens a second of the last reading with this model on this machine. */
  readSpeed(model: string): number | undefined {
    const row = this.#database.prepare('SELECT value FROM settings WHERE key = ?').get(`readSpeed ${model}`);
    const speed = row ? Number((row as { value: string }).value) : Number.NaN;
    return Number.isFinite(speed) && speed > 0 ? speed : undefined;
  }

  saveReadSpeed(model: string, tokensPerSecond: number): void {
    if (Number.isFinite(tokensPerSecond)) this.#put(`readSpeed ${model}`, tokensPerSecond);
  }

  #put(key: string, value: unknown): void {
    this.#database
      .prepare('INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
      .run(key, JSON.stringify(value));
  }
}

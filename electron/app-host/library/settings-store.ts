/** Settings, one row each. A value that does not fit its schema any more counts as absent: the default takes its place. */
import { defaultSettings, type SettingName, type Settings, settingsSchema } from '../../contract/settings.ts';
import type { Database } from './database.ts';
import { Revisions } from './revisions.ts';

export class SettingsStore {
  readonly #database: Database;
  readonly #defaults: Settings;
  readonly #revisions: Revisions;

  /** Called after each change of a setting; other changes do not wait for its work. */
  onChange: (() => Promise<void>) | undefined;

  constructor(database: Database, defaults: Partial<Settings> = {}, revisions = new Revisions()) {
    this.#database = database;
    this.#revisions = revisions;
    this.#defaults = { ...defaultSettings, ...defaults };
  }

  get(): Settings {
    const rows = this.#database.prepare('SELECT key, value FROM settings').all() as unknown as {
      key: string;
      value: string;
    }[];
    const settings: Record<string, unknown> = { ...this.#defaults };
    for (const { key, value } of rows) {
      const schema = settingsSchema.shape[key as SettingName];
      const parsed = schema?.safeParse(JSON.parse(value));
      if (parsed?.success) settings[key] = parsed.data;
    }
    return settings as Settings;
  }

  set(changes: { [Name in SettingName]?: Settings[Name] | undefined }): Settings {
    const put = this.#database.prepare(
      'INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
    for (const [key, value] of Object.entries(changes)) if (value !== undefined) put.run(key, JSON.stringify(value));
    this.#revisions.note('settings');
    return this.get();
  }

  reset(names: readonly SettingName[]): Settings {
    const forget = this.#database.prepare('DELETE FROM settings WHERE key = ?');
    for (const name of names) forget.run(name);
    this.#revisions.note('settings');
    return this.get();
  }
}

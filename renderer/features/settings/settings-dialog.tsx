/** What a person may choose, in sections, each setting with the sentence that says what it changes and when it applies. */
import { Tabs } from '@base-ui/react/tabs';
import { Search } from 'lucide-react';
import { useState } from 'react';
import { selectHasOwn, useDocumentChoice } from '../../stores/document-choice.ts';
import { selectEngine, useEngine } from '../../stores/engine.ts';
import { selectDocument, useLibrary } from '../../stores/library.ts';
import { resetSettings, useSettings } from '../../stores/settings.ts';
import { setSettingsOpen, useUi } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { appliesWhen, isFound, type Setting, type SettingSection, settingSections } from './setting-sections.tsx';

export function SettingsDialog() {
  const open = useUi((state) => state.settingsOpen);
  return (
    <Dialog title="Settings" open={open} onClose={() => setSettingsOpen(false)} wide="columns">
      <Sections />
    </Dialog>
  );
}

function Sections() {
  const settings = useSettings((state) => state.settings);
  const engine = useEngine(selectEngine);
  const [query, setQuery] = useState('');
  if (!settings) return <p className="text-muted">Waiting for RocketDoc on this machine.</p>;
  const sections = settingSections(settings, engine);
  const wanted = query.trim();
  return (
    <>
      <label className="mb-4 flex items-center gap-2 rounded-md border border-line-strong bg-surface px-2 focus-within:border-accent">
        <Search size={14} aria-hidden className="shrink-0 text-muted" />
        <input
          type="search"
          aria-label="Search settings"
          placeholder="Search settings"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          className="h-8 w-full bg-transparent text-body outline-none placeholder:text-muted"
        />
      </label>
      {wanted === '' ? <Tabbed sections={sections} /> : <Found sections={sections} query={wanted} />}
    </>
  );
}

function Tabbed({ sections }: { sections: readonly SettingSection[] }) {
  return (
    <Tabs.Root
      defaultValue={sections[0]?.id}
      orientation="vertical"
      className="grid gap-x-6 min-[640px]:min-h-[min(520px,64vh)] min-[640px]:grid-cols-[132px_1fr]"
    >
      <Tabs.List
        aria-label="Sections of the settings"
        className="flex flex-wrap gap-0.5 self-start min-[640px]:sticky min-[640px]:top-0 min-[640px]:flex-col"
      >
        {sections.map(({ id, title }) => (
          <Tabs.Tab
            key={id}
            value={id}
            className="h-8 rounded-md px-2.5 text-left font-[520] text-muted transition-colors duration-150 hover:text-ink aria-selected:bg-sunken aria-selected:text-ink"
          >
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {sections.map((section) => (
        <Tabs.Panel key={section.id} value={section.id} className="min-w-0">
          <OwnNote section={section} />
          <Fields settings={section.settings} />
          <div className="mt-3 border-t border-line pt-3">
            <Button onClick={() => void resetSettings(section.names)}>Back to defaults</Button>
          </div>
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  );
}

function Found({ sections, query }: { sections: readonly SettingSection[]; query: string }) {
  const found = sections
    .map((section) => ({
      ...section,
      settings: section.settings.filter((setting) => isFound(setting, section.title, query)),
    }))
    .filter(({ settings }) => settings.length > 0);
  if (found.length === 0)
    return (
      <p role="status" className="py-6 text-muted">
        No setting is called like that. Try another word: memory, budget, font.
      </p>
    );
  return found.map(({ id, title, settings }) => (
    <section key={id} aria-label={title} className="mb-4">
      <h3 className="text-note leading-4 text-muted">{title}</h3>
      <Fields settings={settings} />
    </section>
  ));
}

function Fields({ settings }: { settings: readonly Setting[] }) {
  // When settings apply is said once for the section where all apply at the same time, else beside each.
  const first = settings[0]?.applies;
  const shared = settings.length > 1 && settings.every(({ applies }) => applies === first) ? first : undefined;
  return (
    <div className="divide-y divide-line">
      {shared && <p className="pb-2 text-muted text-sm">{appliesWhen[shared]}</p>}
      {settings.map(({ label, hint, applies, isWide, control }) => (
        <Field
          key={label}
          label={label}
          isWide={isWide}
          hint={
            <>
              {hint} {shared ? null : appliesWhen[applies]}
            </>
          }
        >
          {control}
        </Field>
      ))}
    </div>
  );
}

/** Says that the open document overrides settings of this section: without it, changing them would seem to have no effect. */
function OwnNote({ section }: { section: SettingSection }) {
  const document = useLibrary(selectDocument);
  const own = useDocumentChoice((state) => state.own);
  const hasOwn = useDocumentChoice(selectHasOwn);
  if (!document || !hasOwn || !section.names.some((name) => name in own)) return null;
  return (
    <p className="mb-2 rounded-md bg-sunken px-3 py-2 text-note leading-4 wrap-anywhere">
      {document.name} has a choice of its own here. It goes first for questions on it; the KV cache panel shows it, and
      the way back.
    </p>
  );
}

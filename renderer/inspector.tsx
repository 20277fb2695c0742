/** The right column: the KV panel or the document view. */
import { Tabs } from '@base-ui/react/tabs';
import type { LibraryDocument } from '../electron/contract/app-types.ts';
import { DocumentView } from './features/document-view/document-view.tsx';
import { KvPanel } from './features/kv-panel/kv-panel.tsx';
import { setInspectorTab, useUi } from './stores/ui.ts';

const tabClass =
  'h-7 rounded-md px-2.5 font-[560] text-muted transition-colors duration-150 hover:text-ink aria-selected:bg-sunken aria-selected:text-ink';

export function Inspector({ document }: { document: LibraryDocument }) {
  const tab = useUi((ui) => ui.inspectorTab);
  return (
    <Tabs.Root
      value={tab}
      onValueChange={(next) => setInspectorTab(next === 'document' ? 'document' : 'memory')}
      className="flex h-full flex-col bg-chrome contain-strict"
    >
      <Tabs.List
        aria-label="Beside the chat"
        className="flex h-11 shrink-0 items-center gap-1 border-b border-line px-3"
      >
        <Tabs.Tab value="memory" className={tabClass}>
          Memory
        </Tabs.Tab>
        <Tabs.Tab value="document" className={tabClass}>
          Document
        </Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="memory" className="min-h-0 flex-1">
        <KvPanel document={document} />
      </Tabs.Panel>
      <Tabs.Panel value="document" className="min-h-0 flex-1">
        <DocumentView document={document} />
      </Tabs.Panel>
    </Tabs.Root>
  );
}

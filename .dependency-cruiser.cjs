// Who may import whom: the rooms of the project. Checked by npm run lint.
/** The rooms of the app host; each imports those before it. */
const rooms = ['library', 'planning', 'models', 'documents', 'citations', 'sessions', 'window-api'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    // A file that Vite gives an address is no module.
    // numfmt names a file of types that it does not bring; its code is found.
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '\\?url$|^numfmt$' } },
    {
      name: 'contract-imports-nothing',
      comment: 'Everyone reads the contract; it knows nobody.',
      severity: 'error',
      from: { path: '^electron/contract/' },
      to: { pathNot: ['^electron/contract/', '^node_modules/(zod|@orpc/contract)/'] },
    },
    {
      name: 'nothing-imports-renderer',
      severity: 'error',
      from: { path: '^(electron|native)/' },
      to: { path: '^renderer/' },
    },
    {
      name: 'renderer-imports-contract-only',
      severity: 'error',
      from: { path: '^renderer/', pathNot: '^renderer/vite\\.config\\.ts$' },
      to: { path: '^(electron|native)/', pathNot: '^electron/contract/' },
    },
    {
      name: 'addon-belongs-to-engine-host',
      comment:
        'native/binding.ts holds types; native/index.ts loads compiled code; native-files.ts looks at it and is for all.',
      severity: 'error',
      from: { path: '^(electron|renderer)/', pathNot: '^electron/(engine-host|lab)/' },
      to: { path: '^native/', pathNot: '^native/native-files\\.ts$' },
    },
    {
      name: 'native-imports-contract-only',
      severity: 'error',
      from: { path: '^native/' },
      to: { path: '^(electron|renderer|test)/', pathNot: '^electron/contract/' },
    },
    {
      name: 'engine-host-imports-contract-and-native',
      severity: 'error',
      from: { path: '^electron/engine-host/' },
      to: { path: '^electron/', pathNot: '^electron/(engine-host|hosts|contract)/' },
    },
    {
      name: 'lab-is-no-part-of-the-app',
      comment: 'What measures is built for the commands that measure; no package has it.',
      severity: 'error',
      from: {
        path: '^(electron|renderer)/',
        pathNot: '^electron/(lab/|contract/lab\\.ts$|cli/(agree|bench|check-vectors))',
      },
      to: { path: '^(electron/lab/|electron/contract/lab\\.ts$|native/lab/)' },
    },
    {
      name: 'hosts-imports-contract',
      comment: 'What every host and its parent have in common: starting, messages, heartbeat, errors.',
      severity: 'error',
      from: { path: '^electron/hosts/' },
      to: { path: '^(electron|native)/', pathNot: '^electron/(hosts|contract)/' },
    },
    {
      name: 'document-host-imports-contract',
      severity: 'error',
      from: { path: '^electron/document-host/' },
      to: { path: '^(electron|native)/', pathNot: '^electron/(document-host|hosts|contract)/' },
    },
    {
      name: 'library-imports-contract',
      comment: 'And the address of its thread’s built file.',
      severity: 'error',
      from: { path: '^electron/app-host/library/' },
      to: { path: '^(electron|native)/', pathNot: '^electron/(app-host/library/|contract/|hosts/built-files\\.ts$)' },
    },
    {
      name: 'evidence-imports-contract',
      comment: 'Commands and windows look up answers in the same way.',
      severity: 'error',
      from: { path: '^electron/evidence/' },
      to: { path: '^(electron|native)/', pathNot: '^electron/(evidence|contract)/' },
    },
    {
      name: 'hosts-by-their-clients',
      comment:
        'From outside, a host is its client; peak-memory is shared with the benchmark baseline; where model files lie is one list.',
      severity: 'error',
      from: { path: '^electron/(main|server|cli|preload|app-host)/' },
      to: {
        path: '^electron/(engine-host|document-host|lab)/',
        pathNot:
          '^electron/(engine-host/(engine-client|choose-device|peak-memory|embedded-models|model-files)|document-host/(document-client|start-document-host)|lab/lab-client)\\.ts$',
      },
    },
    {
      name: 'cli-main-server-are-neighbours',
      severity: 'error',
      from: { path: '^electron/(cli|main|server|preload)/' },
      to: { path: '^electron/(cli|main|server|preload)/', pathNot: '^electron/$1/' },
    },
    {
      name: 'app-host-knows-no-window',
      comment: 'The app host is the same for Electron and for a browser.',
      severity: 'error',
      from: { path: '^electron/app-host/' },
      to: { path: '^electron/(cli|main|server|preload|mcp)/' },
    },
    {
      name: 'api-is-around-the-app-host',
      comment: 'Opened with it in one place.',
      severity: 'error',
      from: { path: '^electron/app-host/', pathNot: '^electron/app-host/open-app-host\\.ts$' },
      to: { path: '^electron/api/' },
    },
    {
      name: 'main-imports-contract-and-hosts',
      comment:
        'What is heavy is the app host’s, another process; files of the window and names for files are plain functions.',
      severity: 'error',
      from: { path: '^electron/main/' },
      to: {
        path: '^(electron|native)/',
        pathNot:
          '^electron/(main|contract|hosts)/|^electron/(app-host/window-api/(window-files|file-range)|app-host/documents/safe-name|document-host/start-document-host)\\.ts$',
      },
    },
    {
      name: 'app-host-process-is-an-entry',
      comment: 'Its line to main is for Electron alone; serve is an app host itself.',
      severity: 'error',
      from: { path: '^electron/', pathNot: '^electron/app-host/(app-host|serve-main)\\.ts$' },
      to: { path: '^electron/app-host/(app-host|serve-main|hosts-by-main|packed-files)\\.ts$' },
    },
    ...rooms.map((room, i) => ({
      name: `app-host-${room}-imports-rooms-below`,
      severity: 'error',
      from: { path: `^electron/app-host/${room}/` },
      to: {
        path: `^electron/app-host/(${[...rooms.slice(i + 1), 'create-app-host\\.ts', 'start-up\\.ts', 'single-instance\\.ts'].join('|')})`,
      },
    })),
    {
      name: 'app-host-is-put-together-in-one-place',
      comment: 'A room says in its needs.ts what it is given; nobody works on the whole.',
      severity: 'error',
      from: { path: '^electron/', pathNot: '^electron/app-host/(start-up|open-app-host)\\.ts$' },
      to: { path: '^electron/app-host/create-app-host\\.ts$' },
    },
    {
      name: 'electron-in-main-only',
      comment: 'Tests know its types, to imitate it.',
      severity: 'error',
      from: { pathNot: '^(electron/(main|preload)|test/unit/(main|preload))/' },
      to: { path: '^node_modules/electron/' },
    },
    {
      name: 'setup-uses-node-alone',
      comment: 'It runs before node_modules exists.',
      severity: 'error',
      from: { path: '^electron/setup/' },
      to: { pathNot: '^electron/setup/', dependencyTypesNot: ['core'] },
    },
    { name: 'nothing-imports-tests', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^native/build' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

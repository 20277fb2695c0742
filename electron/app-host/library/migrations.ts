/** The steps of the schema, oldest first. A step that has shipped is never edited: new steps are added at the end. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    file_name TEXT NOT NULL,
    format TEXT NOT NULL,
    file_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    characters INTEGER NOT NULL,
    -- NULL: not counted yet. What it was counted with: another model counts differently.
    tokens INTEGER,
    tokens_of TEXT,
    warnings TEXT NOT NULL,
    added_at INTEGER NOT NULL
  ) STRICT;

  -- The pages' texts, joined in order, are the document's text.
  CREATE TABLE pages (
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    label TEXT NOT NULL,
    text TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (document_id, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE chats (
    id TEXT PRIMARY KEY,
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    draft TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX chats_of_document ON chats(document_id, created_at);

  CREATE TABLE turns (
    id TEXT PRIMARY KEY,
    chat_id TEXT NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
    -- The turn this one follows; two turns with the same parent are branches.
    parent_id TEXT REFERENCES turns(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    failure TEXT,
    report TEXT,
    map TEXT,
    session TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX turns_of_chat ON turns(chat_id, number);

  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `,
  `
  -- A conversation that the model no longer holds is read to it again: nothing depends on which one it was.
  ALTER TABLE turns DROP COLUMN session;
  -- Of the turns with one parent the one on the path that is shown.
  ALTER TABLE turns ADD COLUMN chosen INTEGER NOT NULL DEFAULT 1;
  -- What the question wanted otherwise than the settings said.
  ALTER TABLE turns ADD COLUMN choice TEXT NOT NULL DEFAULT '{}';
  CREATE INDEX turns_of_parent ON turns(parent_id);
  `,
  `
  -- The pages again, now with row ids: the index of their words points into them instead of keeping the text twice.
  CREATE TABLE numbered_pages (
    id INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    label TEXT NOT NULL,
    text TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    UNIQUE (document_id, number)
  ) STRICT;
  INSERT INTO numbered_pages (document_id, number, label, text, tokens)
    SELECT document_id, number, label, text, tokens FROM pages ORDER BY document_id, number;
  DROP TABLE pages;
  ALTER TABLE numbered_pages RENAME TO pages;
  CREATE VIRTUAL TABLE page_words USING fts5(
    text, content = 'pages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
  );
  INSERT INTO page_words (page_words) VALUES ('rebuild');
  CREATE TRIGGER pages_added AFTER INSERT ON pages BEGIN
    INSERT INTO page_words (rowid, text) VALUES (new.id, new.text);
  END;
  CREATE TRIGGER pages_removed AFTER DELETE ON pages BEGIN
    INSERT INTO page_words (page_words, rowid, text) VALUES ('delete', old.id, old.text);
  END;

  -- How many documents it was joined from; 0: it is one file.
  ALTER TABLE documents ADD COLUMN joined INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- What is chosen for this document otherwise than in the settings.
  ALTER TABLE documents ADD COLUMN choice TEXT NOT NULL DEFAULT '{}';
  -- The last tuning of each document, as its window shows it.
  CREATE TABLE tunings (
    document_id TEXT PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
    tuning TEXT NOT NULL
  ) STRICT;

  -- What readings and answers took: what is predicted is computed from it. setup: model, device and threads together.
  CREATE TABLE speeds (
    number INTEGER PRIMARY KEY,
    setup TEXT NOT NULL,
    kind TEXT NOT NULL,
    measured TEXT NOT NULL
  ) STRICT;
  CREATE INDEX speeds_of_setup ON speeds(setup, kind, number);
  DELETE FROM settings WHERE key LIKE 'readSpeed %';

  -- A preset is chosen by its parts.
  INSERT INTO settings SELECT 'pooling', '"triangle"' FROM settings WHERE key = 'preset' AND value = '"coded"';
  INSERT INTO settings SELECT 'selector', '"codes"' FROM settings WHERE key = 'preset' AND value = '"coded"';
  DELETE FROM settings WHERE key = 'preset';
  `,
  `
  -- Model files that a person keeps elsewhere and opened in place.
  CREATE TABLE opened_models (id TEXT PRIMARY KEY, path TEXT NOT NULL, opened_at INTEGER NOT NULL) STRICT;
  -- What was found out about a model file, true while its size and time are the same.
  CREATE TABLE examined_models (
    path TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    modified_at REAL NOT NULL,
    -- NULL: not computed yet.
    sha256 TEXT,
    -- The header's facts, or why it cannot be run; NULL: not read yet.
    header TEXT
  ) STRICT;
  `,
  `
  -- Notes of the import, {kind, count, page, section, names, sentence}[]; before they were sentences.
  ALTER TABLE documents ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';
  UPDATE documents SET notes = (
    SELECT json_group_array(json_object('kind', 'other', 'count', 1, 'sentence', value)) FROM json_each(documents.warnings)
  ) WHERE json_valid(warnings);
  ALTER TABLE documents DROP COLUMN warnings;
  `,
  `
  -- From here on sha256 is of file and text together: one file can be read in several ways.
  ALTER TABLE documents ADD COLUMN file_sha256 TEXT NOT NULL DEFAULT '';
  UPDATE documents SET file_sha256 = sha256 WHERE joined = 0;
  CREATE INDEX documents_of_file ON documents(file_sha256);
  -- {recognise, languages, wholePage}, and the version of the reader; 0: before that was told.
  ALTER TABLE documents ADD COLUMN reading TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE documents ADD COLUMN reader INTEGER NOT NULL DEFAULT 0;

  -- Pages that are pictures, whose text was recognised. Apart from the pages: those are found behind their whole text.
  CREATE TABLE recognised_pages (
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    confidence REAL NOT NULL,
    PRIMARY KEY (document_id, number)
  ) STRICT, WITHOUT ROWID;

  -- Sentences of before that tell their kind. What lists pages keeps its sentence alone: only a new reading counts them.
  UPDATE documents SET notes = (
    SELECT json_group_array(json_set(value, '$.kind', CASE
      WHEN value ->> 'sentence' LIKE 'encoding % detected' THEN 'encoding'
      WHEN value ->> 'sentence' LIKE '% characters could not be read as %' THEN 'undecodable-characters'
      WHEN value ->> 'sentence' LIKE '% named in the book''s reading order could not be found%' THEN 'missing-chapters'
      WHEN value ->> 'sentence' LIKE 'the file is named .% it was read as such' THEN 'other-format'
      WHEN value ->> 'sentence' LIKE 'Pages of this document were lost when the library was damaged.%' THEN 'lost-pages'
      ELSE value ->> 'kind' END,
      '$.count', CASE
      WHEN value ->> 'sentence' LIKE '% characters could not be read as %'
        OR value ->> 'sentence' LIKE '% named in the book''s reading order could not be found%'
      THEN max(1, CAST(replace(value ->> 'sentence', ',', '') AS INTEGER))
      ELSE value ->> 'count' END))
    FROM json_each(documents.notes)
  ) WHERE json_valid(notes) AND notes LIKE '%"other"%';
  `,
  `
  -- What in the document supports the answer, found when it was made; NULL: by its words alone, whenever it is asked for.
  ALTER TABLE turns ADD COLUMN evidence TEXT;
  `,
  `
  -- Keys of other programs; a key itself is stored nowhere.
  CREATE TABLE program_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- The first characters, to know it again.
    begins TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    used_at INTEGER
  ) STRICT;
  -- Documents that another program added.
  ALTER TABLE documents ADD COLUMN from_program INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- What a model thought before its answer; older answers hold it in themselves.
  ALTER TABLE turns ADD COLUMN thinking TEXT NOT NULL DEFAULT '';
  `,
];

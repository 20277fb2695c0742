/** The lint check that files are opened only by native/open_file.cpp: what it refuses, what it accepts, and that the project passes. */
import { expect, it } from 'vitest';
import { checkOpens, wrongOpens } from '../../../electron/setup/file-opening.mjs';

it.each([
  'std::FILE * file = std::fopen(path.c_str(), "rb");',
  'file = fopen_s(path);',
  'HANDLE file = CreateFileA(path.c_str(), GENERIC_READ, 0);',
  'std::ifstream file(path);',
  'for (auto & entry : fs::directory_iterator(dir, ec)) {}',
  'std::string name = path.filename().string();',
  'LoadLibraryA("x.dll")',
])('%s', (line) => {
  expect(wrongOpens('engine/x.cpp', `int a;\n${line}\n`)).toHaveLength(1);
  expect(wrongOpens('engine/x.cpp', `int a;\n${line}\n`)[0]).toContain('native/engine/x.cpp:2 ');
  expect(wrongOpens('open_file.cpp', line)).toEqual([]);
});

it('lets what is named by path_from_utf8 pass, and comments', () => {
  const text = 'fs::directory_iterator(path_from_utf8(dir), ec); FilePtr f = open_to_read(path); // std::fopen(path)';
  expect(wrongOpens('engine/x.cpp', text)).toEqual([]);
});

it('finds nothing in the project', () => {
  const { wrong, count } = checkOpens();
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(50);
});

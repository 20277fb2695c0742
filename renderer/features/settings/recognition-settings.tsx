/** Text recognition: when, and in which languages. */
import { useEffect, useState } from 'react';
import type { Settings } from '../../../electron/contract/settings.ts';
import { api } from '../../stores/api.ts';
import { changeSettings } from '../../stores/settings.ts';
import { type FieldIds, Select } from '../../ui/field.tsx';

export function recognitionSettings({ recognise, languages }: Settings) {
  return [
    {
      label: 'Scanned pages',
      hint: 'Pages that are pictures hold no text: it can be recognised, on this machine, in some seconds a page.',
      words: 'ocr tesseract recognition scan',
      applies: 'adding' as const,
      control: (ids: FieldIds) => (
        <Select
          {...ids}
          value={recognise}
          options={[
            { value: 'ask', label: 'Offer to recognise' },
            { value: 'always', label: 'Always recognise' },
            { value: 'never', label: 'Leave as they are' },
          ]}
          onChange={(next) => void changeSettings({ recognise: next })}
        />
      ),
    },
    {
      label: 'Languages',
      hint: 'English comes along. For others put <language>.traineddata (also .gz) of Tesseract (tessdata_fast or tessdata_best) into the folder ocr of RocketDoc’s data.',
      words: 'ocr tesseract recognition language',
      applies: 'adding' as const,
      control: (ids: FieldIds) => <LanguageField {...ids} chosen={languages} />,
    },
  ];
}

/** A language's name in words, where the browser knows its code. */
function languageName(code: string): string {
  try {
    const name = new Intl.DisplayNames(['en'], { type: 'language' }).of(code.slice(0, 3));
    return name && name !== code.slice(0, 3) ? `${name} (${code})` : code;
  } catch {
    return code;
  }
}

function LanguageField({ id, chosen, ...described }: FieldIds & { chosen: string[] }) {
  const [known, setKnown] = useState<string[]>(chosen);
  useEffect(() => {
    let isGone = false;
    api()
      .languages()
      .then(
        (languages) => !isGone && setKnown(languages),
        () => {},
      );
    return () => {
      isGone = true;
    };
  }, []);
  const all = [...new Set([...known, ...chosen])];
  const toggle = (code: string) => {
    const next = chosen.includes(code) ? chosen.filter((other) => other !== code) : [...chosen, code];
    if (next.length > 0) void changeSettings({ languages: next });
  };
  return (
    <fieldset id={id} aria-label="Languages of text recognition" {...described} className="flex flex-col gap-1">
      {all.map((code) => (
        <label key={code} className="flex cursor-pointer items-center justify-end gap-2">
          {languageName(code)}
          {known.includes(code) ? '' : ', no data here'}
          <input
            type="checkbox"
            checked={chosen.includes(code)}
            disabled={chosen.length === 1 && chosen[0] === code}
            onChange={() => toggle(code)}
            className="size-4 shrink-0 accent-(--accent)"
          />
        </label>
      ))}
    </fieldset>
  );
}

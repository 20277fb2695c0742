/** Puts a text on the clipboard, and says so for a moment. */
import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { copyText } from '../bridge/browser.ts';
import { IconButton } from './button.tsx';

const copiedMs = 1500;

export function CopyButton({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <IconButton
      label={copied ? 'Copied' : label}
      onClick={async () => {
        setCopied(await copyText(text));
        setTimeout(() => setCopied(false), copiedMs);
      }}
    >
      {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
    </IconButton>
  );
}

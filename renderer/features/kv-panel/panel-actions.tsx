/** Copies all numbers of the panel as JSON, and saves the panel as a picture. */
import { Braces, Image } from 'lucide-react';
import { copyText, savePicture } from '../../bridge/browser.ts';
import { notify } from '../../stores/ui.ts';
import { IconButton } from '../../ui/button.tsx';
import { drawPanel, type PanelPicture, pictureHeight, pictureWidth } from './panel-picture.ts';

export function PanelActions({ json, picture }: { json: () => object; picture: PanelPicture }) {
  return (
    <div className="flex">
      <IconButton
        label="Copy as JSON"
        onClick={async () =>
          notify(
            (await copyText(JSON.stringify(json(), null, 2)))
              ? 'Copied as JSON.'
              : 'The clipboard is not allowed here.',
          )
        }
      >
        <Braces size={16} aria-hidden />
      </IconButton>
      <IconButton
        label="Save picture"
        onClick={() =>
          savePicture({
            fileName: `${picture.document.replace(/\.[^.]*$/, '')} KV cache.png`,
            width: pictureWidth,
            height: pictureHeight,
            draw: (context, color) => drawPanel(context, color, picture),
          })
        }
      >
        <Image size={16} aria-hidden />
      </IconButton>
    </div>
  );
}

/** `npm run -s check-vectors -- <file.safetensors>...`: recomputes both stages on recorded vectors. Exit 1 on any mismatch. */

import { type VectorsReport, vectorsOutTolerance } from '../contract/lab.ts';
import { chooseDevice, type DeviceSetting } from '../engine-host/choose-device.ts';
import { startLab } from '../lab/lab-client.ts';
import { commandWords } from './advice-words.ts';
import { type Arguments, type Command, usageError } from './arguments.ts';
import { filesOf } from './method-flags.ts';
import { runCommand } from './report-error.ts';

const command: Command = {
  run: 'npm run -s check-vectors --',
  usage: '<file.safetensors>... [options]',
  about: 'Recomputes stage 1 and stage 2 on recorded vectors and reports what differs.',
  flags: {
    device: { value: '<d>', help: 'whose kernels recompute: cpu, cuda (the first GPU), cuda:1, ... (default cpu)' },
    json: { help: 'print one JSON object a file' },
  },
};

async function checkVectors(args: Arguments): Promise<number> {
  const files = filesOf(args, 'file');
  const { device } = await chooseDevice(deviceOf(args), commandWords);
  const engine = startLab();
  let failed = 0;
  try {
    for (const path of files) {
      const report = await engine.verbs.checkVectors({ path, device });
      if (!report.ok) failed++;
      process.stdout.write(
        args.has('json') ? `${JSON.stringify(reportJson(path, device, report))}\n` : reportText(path, device, report),
      );
    }
  } finally {
    await engine.close();
  }
  return failed > 0 ? 1 : 0;
}

function deviceOf(args: Arguments): DeviceSetting {
  const named = args.text('device') ?? 'cpu';
  if (named === 'cpu') return named;
  const gpu = /^cuda(?::(\d{1,2}))?$/.exec(named);
  if (!gpu) throw usageError(`--device is cpu, cuda or cuda:<number>, not "${named}".`);
  return `cuda:${Number(gpu[1] ?? 0)}`;
}

function reportText(path: string, device: string, report: VectorsReport): string {
  const { heads, steps } = report;
  const sets = heads * steps;
  const lines = [
    `${path}: ${report.ok ? 'ok' : 'MISMATCH'} (${device})`,
    ...report.parameterMismatches.map((mismatch) => `  parameter ${mismatch}`),
    ...(report.note === undefined ? [] : [`  ${report.note}`]),
    `  stage 1: ${report.stage1Mismatches} of ${heads} sets differ, ${report.stage1Ties} more only between equal scores`,
    `  rows gathered: ${report.gatherMismatches} of ${heads} heads differ`,
    `  channels, by the scalar reference: ${report.topRMismatches} of ${sets} sets differ, ${report.topRTies} more only between equal scores`,
    `  tokens, by channels of the device's own choice: ${report.topKMismatches} of ${sets} sets differ, ${report.topKTies} more only between equal scores`,
    `  attention over the recorded set: greatest error ${report.outMaxError.toExponential(2)} (at most ${vectorsOutTolerance})`,
  ];
  return `${lines.join('\n')}\n`;
}

function reportJson(path: string, device: string, report: VectorsReport) {
  return {
    file: path,
    device,
    ok: report.ok,
    parameter_mismatches: report.parameterMismatches,
    note: report.note ?? null,
    heads: report.heads,
    steps: report.steps,
    stage1_mismatches: report.stage1Mismatches,
    stage1_ties: report.stage1Ties,
    gather_mismatches: report.gatherMismatches,
    top_r_mismatches: report.topRMismatches,
    top_r_ties: report.topRTies,
    top_k_mismatches: report.topKMismatches,
    top_k_ties: report.topKTies,
    out_max_error: report.outMaxError,
  };
}

await runCommand(command, checkVectors);

// Reads the numbers of passed, failed and skipped tests from the runners' reports. A runner that failed without a failed test counts as one
// failure, so that a broken run never looks successful.
// @ts-check

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/** @param {Counts} counts @param {number | null} status @returns {Counts} */
function withStatus(counts, status) {
  const silent = (status !== 0 && counts.failed === 0) || counts.passed + counts.failed + counts.skipped === 0;
  return silent ? { ...counts, failed: counts.failed + 1 } : counts;
}

/**
 * @param {string | undefined} json vitest's JSON report
 * @param {number | null} status
 * @returns {Counts}
 */
export function vitestCounts(json, status) {
  try {
    const report = JSON.parse(json ?? '');
    const { numPassedTests, numFailedTests, numPendingTests } = report;
    const counts = {
      passed: Number(numPassedTests),
      failed: Number(numFailedTests),
      skipped: Number(numPendingTests ?? 0),
    };
    return withStatus(counts, status);
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/**
 * @param {string} output of ctest; its summary is "90% tests passed, 1 tests failed out of 10", where what was skipped counts as passed
 * @param {number | null} status
 * @returns {Counts}
 */
export function ctestCounts(output, status) {
  const summary = /(\d+) tests? failed out of (\d+)/.exec(output);
  if (!summary) return { passed: 0, failed: 1, skipped: 0 };
  const failed = Number(summary[1]);
  const skipped = output.match(/\*{3}Skipped/g)?.length ?? 0;
  return withStatus({ passed: Number(summary[2]) - failed - skipped, failed, skipped }, status);
}

/** @param {Counts[]} parts @returns {Counts} */
export function sum(parts) {
  return parts.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

// Passed and failed from what the test runners report. A runner that failed without a failed test counts as one failure: a
// broken run must never look like a good one.
// @ts-check

/** @typedef {{ passed: number, failed: number }} Counts */

/** @param {Counts} counts @param {number | null} status @returns {Counts} */
function withStatus(counts, status) {
  const silent = (status !== 0 && counts.failed === 0) || counts.passed + counts.failed === 0;
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
    return withStatus({ passed: Number(report.numPassedTests), failed: Number(report.numFailedTests) }, status);
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/**
 * @param {string} output of ctest; its summary is "90% tests passed, 1 tests failed out of 10"
 * @param {number | null} status
 * @returns {Counts}
 */
export function ctestCounts(output, status) {
  const summary = /(\d+) tests? failed out of (\d+)/.exec(output);
  if (!summary) return { passed: 0, failed: 1 };
  const failed = Number(summary[1]);
  return withStatus({ passed: Number(summary[2]) - failed, failed }, status);
}

/** @param {Counts[]} parts @returns {Counts} */
export function sum(parts) {
  return parts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), {
    passed: 0,
    failed: 0,
  });
}

/** Jest reporter: one last line with the counts, in a form that any reader of logs understands. */
export default class ClosingLine {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites, numRuntimeErrorTestSuites } = results;
    // A suite that could not even load has no test to count: it counts as one that failed.
    const failed = numFailedTests + Math.max(numRuntimeErrorTestSuites, numFailedTests === 0 ? numFailedTestSuites : 0);
    const line = `tests: ${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped\n`;
    process.once('exit', () => process.stderr.write(line));
  }
}

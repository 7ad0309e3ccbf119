/**
 * One promise of a port. A port's list of them is run against every implementation by whatever runs tests:
 * `for (const { name, run } of cases) test(name, run)`.
 */
export interface ComplianceCase {
  /** What is promised, as a sentence without a subject. */
  readonly name: string;
  /** Throws, or rejects, when the promise is not kept. */
  readonly run: () => void | Promise<void>;
}

/** Why a running server must end, should that ever happen. */
export class Failure {
  readonly happened: Promise<Error>;
  #note: (error: Error) => void = () => undefined;

  constructor() {
    this.happened = new Promise((resolve) => {
      this.#note = resolve;
    });
  }

  note(error: Error): void {
    this.#note(error);
  }
}

// A question that nobody waits for any longer, because a newer one was asked in its place.

export class Stale extends Error {
  constructor() {
    super("a newer question has been asked");
    this.name = "Stale";
  }
}

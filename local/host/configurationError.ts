/** The app or its settings cannot be served as they are; the message names every problem and what to do about it. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

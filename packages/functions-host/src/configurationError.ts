/** The host cannot run this app with these settings; the message names every problem and what to do about it. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

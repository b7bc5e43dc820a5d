/** What is wrong with the whole workspace, as a banner with the way out. */

import { button, h } from "./dom.ts";
import { places, type Frame } from "./frame.ts";
import { Offline, isSignedOut, isStopped, sentence } from "./problems.ts";

/** Says why the workspace does not answer; `again` asks it once more. */
export function warnOf(error: unknown, frame: Frame, api: string, again: () => void): void {
  const at = places(api);
  const link = (text: string, href: string) => h("a", { class: "d-button d-primary", href }, text);
  if (isStopped(error)) frame.warn("stopped", "This workspace is closed at the moment. Your data is safe.", link("Reopen", at.reopen(at.slug)));
  else if (isSignedOut(error)) frame.warn("signed-out", "You are signed out.", link("Sign in again", location.href.split("#")[0] ?? "."));
  else if (error instanceof Offline) frame.warn("offline", "No connection to Deita. Trying again every few seconds…", button("Try now", again));
  else frame.warn("failed", sentence(error), button("Try again", again));
}

// Buttons that make or use a passkey (WebAuthn). The browser asks the person; its answer goes into the
// hidden field before the button, and the form is sent. Without this script, or passkeys, a sentence is in its place.
"use strict";

{
  const able =
    globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON &&
    PublicKeyCredential.parseCreationOptionsFromJSON;

  const ask = (button) => {
    const options = JSON.parse(button.dataset.options);
    if (button.dataset.passkey === "create")
      return navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
      });
    return navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
    });
  };

  for (const button of document.querySelectorAll("[data-passkey]")) {
    const [field, failed, unable] = ["field", "failed", "unable"].map((part) =>
      button.parentElement.querySelector(`[data-${part}]`),
    );
    button.hidden = !able;
    unable.hidden = Boolean(able);
    button.addEventListener("click", async () => {
      failed.hidden = true;
      try {
        field.value = JSON.stringify((await ask(button)).toJSON());
      } catch {
        // The person has canceled, or has no passkey for this site: the browser does not say which.
        failed.hidden = false;
        return;
      }
      // A passkey is used in place of a password, which need not be filled in.
      button.form.noValidate = button.dataset.passkey === "get";
      button.form.requestSubmit();
    });
    // The Enter key in the name of a new passkey: there is nothing to send yet.
    button.form.addEventListener("submit", (event) => {
      if (button.dataset.passkey !== "create" || field.value) return;
      event.preventDefault();
      button.click();
    });
  }
}

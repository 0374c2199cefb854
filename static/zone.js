// Sends the browser's time zone with the sign-in: an account that has none yet takes it.
"use strict";

{
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const own = /^(Etc\/)?(UTC|GMT|UCT|Zulu)$/.test(timeZone) ? "UTC" : timeZone;
  for (const field of document.querySelectorAll('input[name="zone"]')) field.value = own ?? "";
}

// The time zone of the browser is the first choice; what was chosen is kept.
"use strict";

{
  const zones = document.getElementById("time_zone");
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const own = /^(Etc\/)?(UTC|GMT|UCT|Zulu)$/.test(timeZone) ? "UTC" : timeZone;
  if (!zones.value && [...zones.options].some((one) => one.value === own)) zones.value = own;
}

import { check } from "fovea";

const { findings, usable, files } = await check({ data: "photos", html: "check.html" });
console.log(`${usable} of ${files} files can be used`);
for (const { code, title, cases } of findings) {
  console.log(`${code}: ${title}`);
  for (const { files, detail } of cases.slice(0, 3)) console.log(`  ${files.join(", ")}: ${detail}`);
}

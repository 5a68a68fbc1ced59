import fc from "fast-check";

/** One seed for all property tests: a change must not fail by chance. `FOVEA_PROPERTY_SEED` looks elsewhere. */
fc.configureGlobal({ seed: Number(process.env.FOVEA_PROPERTY_SEED ?? 1) });

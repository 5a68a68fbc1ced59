/** Colours told apart by people with any colour vision: Okabe and Ito, 2008. */
export const colors = {
  training: "#0072b2",
  validation: "#d55e00",
  ink: "#1f2933",
  quietInk: "#5f6b7a",
  axis: "#9aa5b1",
  grid: "#e6eaee",
  background: "#ffffff",
  right: "#00694c",
  wrong: "#b3261e",
} as const;

export const sizes = { title: 20, subtitle: 13.5, axisTitle: 14, label: 13 } as const;

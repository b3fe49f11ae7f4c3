/** A rollout of 40 records of usage (input 100 to 139, output 10 each), packed by zstd 1.5 at level 19: in one frame, and in two. */
export const ONE_FRAME: Buffer = Buffer.from(
  'KLUv/QRo5RIApplLHVBtHpwAG2FpdYyDMG1CsogZJ02TOyX9x4lVVcTASABHAD8AFPrGgVCoxsY39JEQapUEyDeEf+iCkCIMJTmpshRSI2ljIq' +
    'u8/8RJHWvffp3ctATSQSk1UAXFBtUCZkFr1WkppPrIa/9xbqoEfxv50OKq6MS3k1b7UANR5qH4iPMZ9LpaJDSxzAiFEAuDcR6O5ReGV0hrXyEV' +
    '9ol3PuSbDZjgVsWV/J2UiRN6XAZEUXLk/BrOudZaY4yxtdZyd+/uZmZuZoYQwvfec8651lpjjLG11nJ37+5mZo4UN+SlHRXTmdTKwH1QFptfMF' +
    'IptvE+6gyAKIoghPC995xzrrXWGGNsrbXc3bu7mZnVUq5cOYQQvveec8611hpjjK21lrt7dzczs3LVqlVDCOF777mAxqgxtCUikqQgKQxrcCVN' +
    '0hoiaBCCIAQJgQIxBP8KQULgJjDTPq+0NKzHujDs01wb/mcuGf7hLg3995cM/ViXhv/5a8P/zCUyHBzVVLnQfm/JUI91afifvzb8z1wy/MNdGv' +
    'rvLxn6sS4N//PXhv+ZS2Q4OKqpcqH93pKhHuvS8D9/bfifuWT4h7s09N9fMvRjXRr+568N//NxRdLhP2HfUxffLfBfV1TwQ1Ut/M+rF/4nVRX+' +
    'YVUL/veqCv6oqoX/efXC/6R6IgiPcmTWFsFeZ9HUJeSMNnMzIf/5JBYT+gAByY2uRFZIykyb/l3tde11Pp4q+yUvohs6xob6H1lGW1F/oKtJs9' +
    'ZRRDcJk4SkI3AvoFaQ2mT7hPqUtvNHrNrZhUjXjn8aUp3GKk0voQ0=',
  'base64',
)

export const TWO_FRAMES: Buffer = Buffer.from(
  'KLUv/QRojQ4AJlQ+HUBtHtySh6mQfa6BJgFMHaRjVJNayFIgY5tVMdy5OAA3ADUAjGeUf66jNBZIqimSEBJDr+JBMd3/THur1q8fP3ZKAsmglB' +
    'oogvKCWgJ3wVtqpYSQ8EO3/qfuFAn5kCSWCi2SdwrpG6r1N7TRz9z2Gb/cwAk2brbjt73LtBnaDoiiVKl9fPMzlXEznopn7uNQMKZKHilX0H3X' +
    'bGy1V9PAhq6bzDsLVcr13BC2dTP0s7PVrPO1vVh/ZvJdPk9o2k/czVTiuIjENm6AKIqklDLGGCGE8L33nHOutdYYY2yttdzdl7tLKWWMMUII4X' +
    'vvOedca60xxthaa7l7dqhRtDMSzEgKkkxjUEXapjUymCABgxAkBA4FEfwrBA2BW5CqH59yyQA/7UpDH/raBvwalwz+I68a7rtfaaCntaCh3/qi' +
    '4T4MvyL14Pdp35OL77uwd72iUB+qioK+e4UL+9RVC/1Fqy3Y36+woE9JYWHPvcqCffxK9QiPYofqF8GaRTy7jXVqeeT2IzixFCmGg80D24bSKI' +
    'S/IsZsKssaFGdlld5VlDiMnj7ArAzoxBEV+WONM1IyJrFgDVcAGff3JosJfamO/q/WGqlLkW7cP99U5aMKooawoyi1L/0EaD0MAJaQNBlQ1QPD' +
    'mxjYPR6UWUKbmfpt27Z3HChmtq5qLQAvAC0A3COgojm06YmxoqNLG9t72jp8ATT+f5BP/BMfi5dCjIKVL+Ej4BTpbu3I6ZALTX95OMe2JD5Zu1' +
    'IqnuzquA5pP7xPoOvgy6fx5UkZr5D3JM5Fvd0U8BGb0Za1GR211koppXPOKaWUMcbY/YR05/JgJEfilt5Vv3g9lN0kOoEveBmto1+T5HRF7ypA' +
    '13U554wxxvfea621tdZKKaVzzimllDHG+PTnz58554wxxvfea621AWeoUcA0ClOQFPYYA3AVNOoiaBwBgiAECEGCUAjBv0KwWOD1fa++aLi/uz' +
    'T8110x7NtfMPzfXRr+664Y9u0vGP7vLg3/dVfIMOOOvhUK93eXhv86K4Z5ewuG+ztLw3udFcO8vQXD/Z2l4b3OimHe3gpsjUwDHCR4ViuBkFkQ' +
    'z/qxlKqjCXlEJgQ6XMBMui27eh/fD0pkcdU6v6QWGdM3os50DalTB1tkiKwRoacQ8X+YtgprXP3d',
  'base64',
)

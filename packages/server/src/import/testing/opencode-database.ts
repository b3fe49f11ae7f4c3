import { gunzipSync } from 'node:zlib'

const unpacked = (text: string): Buffer => gunzipSync(Buffer.from(text, 'base64'))

/**
 * A database as opencode keeps it, written by SQLite 3.40 in pages of 512 bytes. In the file: 60 messages in `message`, of which 45
 * are of the assistant (input 350 + number), every fifth on overflow pages. In its log: message 0 with input 1350, messages 60
 * to 69, and three rows of `session_message`, one of them of the user and one of a session that `message` has.
 */
export const DATABASE: Buffer = unpacked(
  'H4sIAAAAAAACA+2dXWwcVxXH77FjO3biON9O7CSeOF92/LVzP2Z3k5TGcTbB1LET2w0NbbEXe5psY3sde50mSoPIlodC0xekqKWCh1TAC0IqDz' +
    'yAQLwUiQgJtXxIfaAS8AJIjQQSoEKFxJ3dte+Nd32iOIuY2b1Xydkzc2dmtffMvfd/5jczHjk3kEi51gvJuel4ymKkglRUkOOWRYh0CRkjqlTK' +
    '/2u0ZSAPLxWkewKqvI3hE2+5Nvthij9KdWU9yUXalLIsdSb+ZV28sbkHtnnuGHwC/4S/wUfwJ/gjfAgfwK/hl3AP3oWfwo/gB/AOfBe+A3fhG/' +
    'AGfA1eh1fhFfgiXIcUJOFFcGEcnoXzcA4G4DScgCcgAgy6oR32Qws0Zb8iOOXzR6V5/og0z0WleSYizWcdac4LaZ7m0pxj0py1pRkKSTPYI81n' +
    'uqXp75Tm0x3SnD4sTV+7NCcOSdN7UJrjB6Q5sl+aaKs0kb3ShL35lrVIQ3dLY++SJtQsTWeTNB07pDncKE37dmkOeE25f4s0+zZL07pJmj0bpd' +
    'm9QZpd3ojevF6axnXSbK+VZttaabbWSLOxWpoGbxbf4E3n9RUVmbn5r95PfjL7YUqJl0+tq2yG6fmLYyEa2V0PJ6Sw6yNwBe6RPtlvP37k4916' +
    'ubKmsbkZXhlKxb8w5U678/Pxi4sfa/qGY72jMWu098RAzBrPrR232upqxxOT41bKvZayzg73n+kdvmA9FbvQKdfPy40SyZmxpfrBoVFr8OmBAa' +
    '8ylZh2xybm3HjKldWJmZR70Z17YIvJeCqev2Pf0ODI6HBv/+CoNf7C5XHr1NBwrP/0oPedVpv+le3WcOxUbDg22BcbsRYrxtvGM1VDg9bJ2EBM' +
    '/qC+3pG+3pOxunbZYj2P0FrnIdNYtyozjTU7l3zRnUjlPioebKzcWtlYhZvKGp+JT7vZivauiurG3mYgiZlJ99r8lSmp6sfiC6lkZnksd6gxO+' +
    'd4nd8bFIjRf0b/mfiXb6mXw34luU/gfXIfvlriP/ZWU1VNY0cH3LqcGXwXB/3cpLRsseaBwXhZpdWWmCwwIKtpJFPZaaWuz7qLrjZxLc5bnZY3' +
    'WWUH8CeqqxvPdaw0gC/7/jF72Yq1iwN61xpsHljaPed48n9dKj6Tau20WqeTk+5U/8nWI1brxFR8YdLtSs4uzHcJr07OG1cTk+5ctlrucGkuOZ' +
    'uYyFTFU5fkyhutEy9NepU9l5LTbs+ke7UnPjvbc631ptxmIjmfknWh7pAtl7ymyO6RbQ7p2+GooA7lIa9kdpienXKX14lQyDtaKnnZnZnPHCEx' +
    'M7vgHdn2dkoupLJL1FuSx55PziRmLsoVwjtkfOJS9mtljXdclvmml+ZkE8klHrrpHXt+YXo6Pnfd+yHXyqDI+K+/ZkrZFm/IMK1QWqX15iPM/x' +
    'n5900Cv5LGbyVNK6qbG6u+3JvJVkPenDdmw93//PsUkYN4csrNzEVyHpz31RRmI1OYjUxhdjGmsJuvXQGv0d54MttoIa/RQgUbzZP/9RmQ8wvi' +
    '/Qt4SdNK/Wyh3g+n/j9bKHK2UORsoUU5W7Lxf494/0qhpKX+9U6CcPYkYAXP/oV5d8438WdI/BkSf1a0+Hvjv+z//hv/X7tanRnK+rPBFCv3aL' +
    'nxpjSt0vs/D8hswZH4cyT+vCjxlw232VfNIZDmEEhzCJP/rVL/bzGK2eR/ppRnElhS+r9Gn/+dlRMfX014DjLhOciE5xj9X1D/r9X1f7igCPSV' +
    '/g8j8Q8j8Q8XMf4l0v9r9f4fCUj+H0HiH0HiHymD/O/Gukz+N5KJqB1aOaOTG+9I0zo9/tGAjP9RJP5RJP7RYuV/O/3UHDbC/2yE/1HD/1ar/5' +
    'uMWDb5nynlmQSWnv5fr+l/2y4oAv2k/22EFtoILaS20f/L9X+9pv9sGgz9ZyP8z0b4H6Um/svjv0GPPwsG/7ER/mcj/I+WA/+7sVHP/8TKMFdu' +
    '3JKmDXr8eTDyfxvhfzbC/2jR+J/ll5ZA0J+NoD9q0N9j6f+9Rieb/M+Ucs7/SkT/bdLnfycg+g/hfzbC/6hj9P/y+G/W4x8OiP5D+J+N8D9q+F' +
    '9e/Lfo8Y8EJP9H+J+N8D9aTP73tnf9721/hvV21bZMEngx+8h6CL0J9GC6a6t+/S/qe/5vI/zPRvgfLRr/O+Sn7kAR/kcR/scM/1ut/m8zOtnk' +
    'f6aUZyZYUvpvu6b/qB0M/UcR/kcR/scM/8uLf6MefxqM/J8i/I8i/I+Z5/8K8/8dmv6nzPf8nyL8jyL8j5UB/7td15RJ/a5kgynQ+z+70nSn3v' +
    '95QMZ/hP9RhP+xovG/bl81BwIBKQIBmYGAq9X/PUYdm/zPlPJMAktK/zfr878TDP5DEf5HEf7HzPN/hfX/Ll3/h33//g+K8D+K8D9m+F9e/9+t' +
    '9/9IQPJ/hP9RhP+xMnj+73ZDSyb/u5GJKMNfZcXTdI8e/2hAxn+E/1GE/7Gi8T/hp+ZgCP9jCP/jhv+tVv87Rhib/M+U8kwCS0//W5r+Z7bv7/' +
    '9hCP9jCP/jhv/l6f+9mv5jAXn/J0P4H0P4HzfP/+XFv1WPPwsG/2EI/2MI/+PlwP8a9uv5n1gZ5sqNj6bpPj3+AXn/J0P4H0P4Hy8a/zvml5ZA' +
    '0B9D0B836O+x9P8TRhOb/M+U8sz/vL//tYt8n8A/4C/wIbwPP4MfwvfgLtyBr8BNuAIuXIAz0AsC2mE3bIIq8i9yn/yB/JbcIz+RO36bfJ28Tm' +
    '6RBZIgz5Nz3jE/+F9qAvXHC8O7lO80K180KZ/vVD7boXzaqHx7u/JD25Z8O7pV+ZEtyg9vVr6zSflio/J5g/LZBuXTeuXb65UfWrfkh6J1yo/U' +
    'Kj+8VvlOjfJFtfJ5lfLZGuXTSuXbFXWVzbW5vw5RB6+SFnKWwMswC5PwDAzAceDQBrtgI6whH5OPyO/Jb8jPyY/JO+Rb5E1ym3yJpMgl8hw5C3' +
    '+HP8Pv4D14l4cXD7/0NUKtCwnmKJ8K5dtc+SG25PMoVX7EVn44pHynR/miW/m8S/msU/m0Q/n2YeWH2pd8Fm1TfuSQ8sMHle8cUL7Yr3y+T/ms' +
    'Vfl0r/JtS/mhFnXaRfd4Ouyxu4SIHlN+5Kjyw0eU70SVLyIllf8d0PV/QN7/yxD+zxD+z83zv3nxP6jHPxyQ/A/h/wzh/9zw/7z4H9LjH5D3/z' +
    'KE/zOE//Oyef53Z7sX1jcbctM1ehP4yXRXm379P+r7+38Ywv8Zwv950fh/zE/dgSP8nyP8Xxj+v9r8/5TJic31H1PK80pQSem/w5r+43Yw9B9H' +
    '+D9H+L8w/D8v/h16/APy/l+O8H+O8H9hnv8tfP9Pp6b/OfP9/T8c4f8c4f+imPz/La//v+WzvG9Pdybv25m7xIt2Z7n9U2napff/gLz/lyP8ny' +
    'P8XxSN/w/4py2QOwA4cgeAMHcAPIb+P2OUsMn/TCnPDLCk9H+PPv8H5P2/HOF/HOF/wjz/W1j/h3T9H/b9+384wv84wv+E4X95/d/W+39A3v/L' +
    'Ef7HEf4nisn/7njxv+Of1G8fy6R++3J3Bj08k5M7Dacp1eMfDcj4j/A/jvA/UTT+N+KHZhAI9xMI93MM93tc/T9qdLDJ/0wp5/yvlPQ/1/S/sH' +
    '1//49A+J9A+J9j+F+e/hea/hMBef+vQPifQPifY57/zYu/o8efBYP/CIT/CYT/OayU87+Inv+Jh0NcudOFNA3r8Q/I+38Fwv8Ewv+covG/z/2/' +
    'WwChfgKhfo6hfkXR/88aHWzyP1MM/wu8/ovq839A3v8rEP4nEP7nmOf/8uJ/RI9/OCD6D+F/AuF/juF/efE/qsc/IO//FQj/Ewj/cyKG/xe8/n' +
    'dMv/4X9T3/Fwj/Ewj/c4rD//4LDtr9cAC+AAA=',
)

export const DATABASE_LOG: Buffer = unpacked(
  'H4sIAAAAAAACA+2bC3BU1RnHz7ebZBNCIAibAAkmLMEYyOO+714QyANC0USIHawUbFh2L8nCvrKPIBVaCW2HOGCn0Sq16ogCOkNboZ12KoU6Vt' +
    'tinRYRnaGtOlQ7QBloi9MqNn19Z3fdc8uQS+vslJ3dPQP//d9zcu/N/e7vfueRu+oXi4ZI07tTCbEQLHDEPs1uf/xIxfnfTz1++PO7hmkdbfi4' +
    'fuCQKzCtZdXGT/d0eaN67fpg2O+K1oq4t8VCWmtrSeJAA4QVK/4vMGwDuXaxkGY3FNIfhlG6XZL4yJfMKEWpe/oxF794Va7w3xe8jd4zlVykTU' +
    'EYhQ/gElyAs/AuvA2n4CT8Cl6Bl+EFOAzfh4NwAPbDHngMHoER2AU7YDt8ATZDFIKwAXRYC6vhTuiBLlgK7bAAnCBCMzRAHdTAdLBDOZRCEQD5' +
    'O/mQvJ845f+/BJag+Bej+DpQ+ttR+lpR1i9C0Rei9C5A+dx8lLvnoazRUO5yonxGQblTRlkpofSIKCt4lOUcyu0tKLc2oyxrRPnUXJSlc1A6Gl' +
    'Da61HabkJpnY0yrw5Fc6A4Z9I7QJ9DsQZFmIHCV6NwVSiN01Hm4tNO5lSiNFSgzLaj1E1GmXUDimMSyo3lKDMmoFSXoVSNR6ksRakoQbEXo0yx' +
    'oZQXoUykJEygSJTRZ7/QyMXaumNnXu+wdlniz/KfadOixEe+ZHlZWGqtAn+kr5cTRUqmzcjF8bLt42uKl8805PiBfI7PtRKiaaHYyMWhZ1fuH/' +
    '2eXj6ODhzgDIHL8Cf8yJesLMVWOwwKvW5r0qyz2Kz2EjQubBxn5KL6oxffmiJ67qB19+RLjhbHVrz9pUYu/Mcuz1/T41uFVeMdbp8r5tGbgqFY' +
    'pEl2NNY6QuHgoNejh5ctdsyrdbgC0f5wMOR1x5tc0X6svNfh3uShjS39Qb/e4tEHW1yhUAueCX/GHYxEsY1r5njcinr9emKPsO6K6nQvXtVkQR' +
    'EkhcMS38Ef8ulXtskcR48WDW7UA5H4EbyBUIweWaU7BWPRxJZAt/DYkWDAG+jDCpke0uXuT5wWW+hxxfiZNoVx+oVbEreVHjsS8/td4c30QnKT' +
    'DHr/jVz8wLq58Gjjdx+meST/3ORuoZMSIxddF1zvdf+m7NWy+CLD4wReR8m0MiRYiqoqC7/UFh89c3xEj/TysOcff+skmAaCPj2ezSIRbySKOY' +
    '1mM3/Qo/sSWe66JUGOHzsJcvzYSZDn05EEtz64GmjQnpmcCBpHg8ZdNWgY4bV0fmLkYv5D7zfXFBScp4OOmSRG4K/wB3gbTsBP4Xn4NuyBr8Mw' +
    'bIUB0GEVdEMbyNAAM2ASFJKPyEXyO/ImeYUcJYfIPvINsotsw0N4yd2kh57j1LXuN5soCTOZ52uZ52pSXtBuZN45g3m1mnmlinl5OvPSNObFqc' +
    'wLlczzFcxz9pTntSnMOyczr97AvDKJebmceWki8+IE5oUy5vnxzHOlKc9p45h3ljCvFjOv2JiXi5iXCpkXC5gXrMzzlnHWqpIkNXR9wsjFHS88' +
    'Onjp6fsfpFzUkRUEWkGCm6EayqGAXCYXyGnyBjlGjpCDZC/ZTXaS+0iU9JM1ZAX8Bc7BW/AavAw/hG/Bk/AQ7IAtEAIP3AVdqdPLksq8qDAvyM' +
    'zzEvOcmPKSJjDv5JlXOeaVFublZualJubFRuaFuczzc5jnGhiO2s3MO+uZV29iXpnNvFzHvDQr5RWtk3nnEubVxcwrHczL7cxLbcyLrcwLi5jn' +
    '2RqEwi1gMdRuYd45n3l1HvOKxrxMl+t6jVx89SXX3i0/3rQ70Y/gMOM1KplSdtYvwFxYsltNXjrNhdo1uw6aiYaabol3PWoyUHRP4cosGovo4U' +
    'zpdWRt7F5H1sbudRQtLb1Osi9JcaH/UfvaxeW3H8EqV+Z0zqLEjTlDoW0mnTPm4vwc5RONO11GLkZ2hr6y5lzRAaxalx+V5/R8ZJ2RizOH//n8' +
    'z04X61jlzkcnp7lwG7n41y/P2TdMsdG/C3ry0clpLjxGLpapbe8UWy8cz6+DZ8169ictupGLyhMHhzu/Mxoui79gc4LQf1lRhhoX0qlMci1M4f' +
    '+7qcx1/FOAySqYYrIKpvLpmo+s/4/3ci4e2Hf8/I5Hs5CLRUYuhIznQjDhQjDhQkgXF31GLvqPPtHZ3dq9Pwu5aDVyIWY8F6IJF6IJF2K6uOg3' +
    'cnHgmWmh0dMn9yXWtUYoFyMZsqbV2B5f00reWPl/uLG4t3eosc3IhZTxXEgmXEgmXEjp4sJr5OKzq3+98rGVe89h1YbrEw/ZJB6ySTzk/PJVeu' +
    'cjG4xcPPfUYPtI5yX69ujG/Hg+p7nYaOTC9vCp4e7OWYfy89Scn9/6jFz85LmXLB/Wnz2RhePODuP4Qsn48YVi0p8qJv2pkq7xhd/IBRn65pdP' +
    '8gtbs5CLxUYu1IznQjXhQjXhQk0XFwEjF7v6hvUVt45uyUIulhi5cGY8F04TLpwmXDjTxUXQyMXZNz6Yftt7/qlZyEWnkQst47kwef9CMXn/Qk' +
    '3b+xchIxfcA4/UP/2OGkusX0wkUIhCyLaIxWavspdsX0q/ZUBjGtA30ddY7nW4+vQA/RUc62JenycV1sQvG49PXyjaJDdfJarBkB5weePxMnsv' +
    '0uTlcI7Txo6QMUDiFfHhrhYfY3RocLbdA3jVNYmrdiWvOkVQVl968jvIA6n1zjd//uJvl/3IF88XYCNgy+kv3mwbtNrslUky3PEckxtc/Bt/os' +
    '6k8D4AAA==',
)

# Quick speech, so that the calls of a test are short: speak.sh VOICE WAV
espeak-ng -v "$1" -s 450 --stdin --stdout | sox -t wav - -r 8000 -c 1 -b 16 -t wav "$2"

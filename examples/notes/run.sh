#!/bin/sh
# Prints the numbers of the notes: losses, predictions, gradients, and every error signal of their tables.
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}

echo "Regression: the loss, the predictions, the gradient of each parameter."
"$bpc" eval regression.bp --data regression.json --want gradient
echo "Its error signals: of yhat (section 5.3, step 1), of a and of z (step 2)."
"$bpc" eval regression.bp --data regression.json --want gradient --wrt yhat,a,z
echo "Classifier."
"$bpc" eval classifier.bp --data classifier.json --want gradient
"$bpc" eval classifier.bp --data classifier.json --want gradient --wrt s,a,z
echo "Do the gradients hold? Reverse mode against forward mode against finite differences."
"$bpc" check regression.bp --data regression.json --real f64
"$bpc" check classifier.bp --data classifier.json --real f64
echo "Five layers of 100 neurons: the paths from one weight to the loss (section 1.2), and what backpropagation visits instead."
"$bpc" cost five_layers.bp

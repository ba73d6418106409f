package consumer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class ProductTest {
    @Test
    void theProductIsThatOfTheMatrices() {
        assertArrayEquals(new float[] {6, 8, 30, 40}, Product.multiply());
    }
}

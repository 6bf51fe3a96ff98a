import java.awt.image.BufferedImage;
import java.awt.image.ConvolveOp;
import java.awt.image.Kernel;
import java.io.File;
import javax.imageio.ImageIO;

/** Filters a picture by ConvolveOp: IMAGE OUTPUT WIDTHxHEIGHT:WEIGHT,WEIGHT,... */
class Convolve {
    public static void main(String[] arguments) throws Exception {
        String[] sized = arguments[2].split(":");
        String[] sides = sized[0].split("x");
        String[] list = sized[1].split(",");
        float[] weights = new float[list.length];
        for (int place = 0; place < list.length; place++) {
            weights[place] = Float.parseFloat(list[place]);
        }
        Kernel kernel = new Kernel(Integer.parseInt(sides[0]), Integer.parseInt(sides[1]), weights);
        BufferedImage image = ImageIO.read(new File(arguments[0]));
        BufferedImage result = new ConvolveOp(kernel).filter(image, null);
        ImageIO.write(result, "png", new File(arguments[1]));
    }
}
